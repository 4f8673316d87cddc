"""Remember the face of a person.

Each picture must show this face alone, large and clear enough. Pictures are decided one by one; those that are refused
are named with the reason. A person who is enrolled already gets more faces.

With --json one line for each file:

  {"file": ..., "subject": ..., "id": ..., "face": {...}}

Exit code: 0 when every picture was enrolled, 1 when one was refused, 2 for wrong usage.

Examples:
  facegrid enroll "Grace Hopper" grace1.jpg grace2.jpg
  facegrid enroll "Grace Hopper" portraits/grace/ --min-face-px 100
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from facegrid.answers.faces import StreamItem
from facegrid.answers.gallery import EnrolledFace
from facegrid.cli.arguments import DetectArguments, Pictures, ServiceArguments, Window
from facegrid.cli.command import command
from facegrid.cli.output import face_as_json
from facegrid.cli.pictures import ResultView, run_pictures
from facegrid.client.sync import Client


@dataclass(frozen=True)
class QualityArguments:
    """What a face needs to be enrolled. None takes the service's default, which the help repeats."""

    min_score: Annotated[
        float | None, typer.Option(metavar="X", help="least score of the face; 0 to 1, default 0.9")
    ] = None
    max_yaw_degrees: Annotated[
        float | None,
        typer.Option(metavar="X", help="most that the face may be turned to one side; 0 to 90, default 50"),
    ] = None


@dataclass(frozen=True)
class FaceArguments(DetectArguments):
    """How to look for the face. Its least size decides whether it is enrolled, not whether it is found."""

    min_face_px: Annotated[
        float | None,
        typer.Option(metavar="X", help="least length of the face's shorter side, in pixels; 12 to 10000, default 40"),
    ] = None


@command(__doc__)
def enroll(
    *,
    subject: Annotated[str, typer.Argument(metavar="NAME", help="name of the person")],
    pictures: Pictures,
    service: ServiceArguments,
    quality: QualityArguments,
    finding: FaceArguments,
    window: Window = 8,
) -> int:
    """Runs the command; see `run_pictures`."""
    look: Any = finding.options()
    limits = {"min_face_px": look.pop("min_face_px"), **asdict(quality)}

    def ask(client: Client, paths: Sequence[Path]) -> Iterator[StreamItem[Path, EnrolledFace]]:
        people = ((subject, path) for path in paths)
        items = client.enroll_many(people, window=window, timeout_s=service.timeout_s, detect_options=look, **limits)
        for item in items:
            yield StreamItem(item.index, paths[item.index], item.result, item.error, item.elapsed_s, item.work_s)

    with service.connect() as client:
        return run_pictures(
            "enroll",
            pictures,
            ResultView(lambda face: _as_json(face, subject), ("face px", "score", "id"), _row, lambda _: 1),
            lambda paths: ask(client, paths),
            as_json=service.json,
            repeat=False,  # of an attempt that was too slow it is unknown whether the face is enrolled
        )


def _as_json(enrolled: EnrolledFace, subject: str) -> dict[str, Any]:
    return {"subject": subject, "id": enrolled.id, "face": face_as_json(enrolled.face)}


def _row(enrolled: EnrolledFace) -> list[str]:
    box = enrolled.face.box
    return [f"{min(box.width, box.height):.0f}", f"{enrolled.face.score:.4f}", enrolled.id]
