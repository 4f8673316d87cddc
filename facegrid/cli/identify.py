"""`facegrid identify`: who is in files and folders, as a table, as JSON lines, and with names drawn."""

import argparse
from typing import TYPE_CHECKING, Any

from facegrid.cli._access import connect
from facegrid.cli._asking import DETECT_OPTIONS, Form, add_command, add_numbers, add_pictures, numbers, run_pictures
from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from facegrid.answers.faces import Face
    from facegrid.answers.people import Identification, IdentifiedPicture

_DECISION = {
    "threshold": "greatest distance at which a face is named; 0 to 10, default: the service's",
    "target_false_positive_rate": "instead: share of strangers that may be named, in a gallery of this size; "
    "0.0001 to 0.5",
}

_DESCRIPTION = """\
Says who is in pictures: everybody whose face is near enough to one that was enrolled.
One person is at most one face of a picture.

The result is a table, or with --json one line for each file in the order of completion:
  {"file": ..., "width": ..., "height": ..., "threshold": ..., "false_positive_rate": ...,
   "faces": [{"box": ..., "score": ..., "landmarks": ..., "subject": NAME or null,
   "distance": ..., "margin": ..., "candidates": [{"subject": ..., "distance": ...}]}]}
The margin is how much farther the next person is.
Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid identify party.jpg
  facegrid identify holiday/ --draw out/
  facegrid identify holiday/ --json | jq -r 'select(.faces[].subject == "Ann") | .file'
  facegrid identify gate.jpg --target-false-positive-rate 0.001
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `identify`."""
    parser = add_command(subparsers, "identify", "say who is in pictures", _DESCRIPTION, _EXAMPLES)
    add_pictures(parser, draw="write a copy of each picture with the names drawn in")
    add_numbers(parser, _DECISION)
    parser.add_argument("--top-k", type=int, metavar="N", help="candidates for each face; 1 to 100, default 5")
    add_numbers(parser, DETECT_OPTIONS)
    parser.set_defaults(run=run, command="identify")


def run(args: argparse.Namespace) -> int:
    """Runs the command; see `run_pictures`.

    Raises:
        UsageError: two ways to draw the line, too.
    """
    if args.threshold is not None and args.target_false_positive_rate is not None:
        raise UsageError("--threshold and --target-false-positive-rate exclude each other")
    options: Any = numbers(args, (*_DECISION, "top_k", *DETECT_OPTIONS))
    with connect(args) as client:
        return run_pictures(
            args,
            Form(_as_json, ("faces", "people"), _row, _drawn),
            lambda pictures: client.identify_many(pictures, window=args.window, timeout_s=args.timeout_s, **options),
        )


def _as_json(found: "IdentifiedPicture") -> dict[str, Any]:
    from facegrid.cli._report import face_as_json  # noqa: PLC0415  (rich, for --help not needed)

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


def _row(found: "IdentifiedPicture") -> list[str]:
    names = [_label(one) for one in found.identifications if one.subject is not None]
    unknown = len(found.identifications) - len(names)
    if unknown:
        names.append(f"{unknown} unknown")
    return [str(len(found.identifications)), ", ".join(names) or "-"]


def _label(one: "Identification") -> str:
    return "unknown" if one.subject is None else f"{one.subject} ({one.distance:.2f})"


def _drawn(found: "IdentifiedPicture") -> "tuple[list[Face], list[str]]":
    return [one.face for one in found.identifications], [one.subject or "unknown" for one in found.identifications]
