r"""Say who is in pictures.

A face is named where it is near enough to one that was enrolled. One person is at most one face of a picture. The
result is a table, or with --json one line for each file in the order of completion:

  {"file": ..., "width": ..., "height": ..., "threshold": ...,
   "false_positive_rate": ..., "faces": [
    {"box": ..., "score": ..., "landmarks": ..., "subject": NAME or null,
     "distance": ..., "margin": ...,
     "candidates": [{"subject": ..., "distance": ...}]}]}

The margin is how much farther away the next person is.

Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.

Examples:
  facegrid identify party.jpg
  facegrid identify holiday/ --draw out/
  facegrid identify holiday/ --json \
    | jq -r 'select(.faces[].subject == "Ann") | .file'
  facegrid identify gate.jpg --target-false-positive-rate 0.001
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from facegrid.answers.faces import Face
from facegrid.answers.people import Identification, IdentifiedPicture
from facegrid.cli.arguments import DetectArguments, Pictures, ServiceArguments, TopK, Window, refuse_both
from facegrid.cli.command import command
from facegrid.cli.output import face_as_json
from facegrid.cli.pictures import ResultView, run_pictures


@command(__doc__)
def identify(
    *,
    pictures: Pictures,
    service: ServiceArguments,
    finding: DetectArguments,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="X", help="greatest distance at which a face is named; 0 to 10, default: the service's"),
    ] = None,
    target_false_positive_rate: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="instead: share of strangers that may be named, in a gallery of this size; 0.0001 to 0.5",
        ),
    ] = None,
    top_k: TopK = None,
    draw: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write a copy of each picture with the names drawn in")
    ] = None,
    window: Window = 8,
) -> int:
    """Runs the command; see `run_pictures`.

    Raises:
        UsageError: Two ways to draw the line, too.
    """
    refuse_both("--threshold", threshold, "--target-false-positive-rate", target_false_positive_rate)
    with service.connect() as client:
        return run_pictures(
            "identify",
            pictures,
            ResultView(_as_json, ("faces", "people"), _row, lambda found: len(found.identifications), _drawn),
            lambda paths: client.identify_many(
                paths,
                window=window,
                timeout_s=service.timeout_s,
                threshold=threshold,
                target_false_positive_rate=target_false_positive_rate,
                top_k=top_k,
                **finding.options(),
            ),
            as_json=service.json,
            draw=draw,
        )


def _as_json(found: IdentifiedPicture) -> dict[str, Any]:
    faces = [
        {
            **face_as_json(one.face),
            "subject": one.subject,
            "distance": one.distance,
            "margin": one.margin,
            "candidates": [{"subject": near.subject, "distance": near.distance} for near in one.candidates],
        }
        for one in found.identifications
    ]
    return {
        "width": found.image_width_px,
        "height": found.image_height_px,
        "threshold": found.threshold,
        "false_positive_rate": found.false_positive_rate,
        "faces": faces,
    }


def _row(found: IdentifiedPicture) -> list[str]:
    names = [_label(one) for one in found.identifications if one.subject is not None]
    unknown = len(found.identifications) - len(names)
    if unknown:
        names.append(f"{unknown} unknown")
    return [str(len(found.identifications)), ", ".join(names) or "-"]


def _label(one: Identification) -> str:
    return "unknown" if one.subject is None else f"{one.subject} ({one.distance:.2f})"


def _drawn(found: IdentifiedPicture) -> tuple[list[Face], list[str]]:
    return [one.face for one in found.identifications], [one.subject or "unknown" for one in found.identifications]
