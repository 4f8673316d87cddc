"""`facegrid enroll`: pictures of a person into the gallery."""

import argparse
from typing import TYPE_CHECKING, Any

from facegrid.answers.faces import StreamItem
from facegrid.answers.gallery import EnrolledItem
from facegrid.cli._access import connect
from facegrid.cli._asking import DETECT_OPTIONS, Form, add_command, add_numbers, add_pictures, numbers, run_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from facegrid.answers.gallery import EnrolledFace
    from facegrid.client.sync import Client

_GATE = {
    "min_face_px": "least length of the face's shorter side, in pixels; 12 to 10000, default 40",
    "min_score": "least score of the face; 0 to 1, default 0.9",
    "max_yaw_degrees": "most that the face may be turned to one side; 0 to 90, default 50",
}
_LOOK = {name: text for name, text in DETECT_OPTIONS.items() if name not in _GATE}

_DESCRIPTION = """\
Remembers the face of a person: each picture must show this face alone, large and
clear enough. Pictures are decided one by one; those that are refused are named with the
reason. A person who is enrolled is given more faces.

With --json one line for each file: {"file": ..., "subject": ..., "id": ..., "face": {...}}
Exit code: 0 when every picture was enrolled, 1 when one was refused, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid enroll "Grace Hopper" grace1.jpg grace2.jpg
  facegrid enroll "Grace Hopper" portraits/grace/ --min-face-px 100
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `enroll`."""
    parser = add_command(subparsers, "enroll", "remember the face of a person", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("subject", metavar="NAME", help="name of the person")
    add_pictures(parser, draw=None)
    add_numbers(parser, _GATE)
    add_numbers(parser, _LOOK)
    parser.set_defaults(run=run, command="enroll")


def run(args: argparse.Namespace) -> int:
    """Runs the command; see `run_pictures`."""
    with connect(args) as client:
        form = Form(lambda face: _as_json(face, args.subject), ("face px", "score", "id"), _row)
        return run_pictures(args, form, lambda pictures: _ask(client, args, pictures))


def _ask(
    client: "Client", args: argparse.Namespace, pictures: "Sequence[Path]"
) -> "Iterator[StreamItem[Path, EnrolledFace]]":
    gate: Any = numbers(args, _GATE)
    look: Any = numbers(args, _LOOK)
    people = ((args.subject, picture) for picture in pictures)
    items = client.enroll_many(people, window=args.window, timeout_s=args.timeout_s, detect_options=look, **gate)
    for item in items:
        yield _of_picture(item, pictures[item.index])


def _of_picture(item: EnrolledItem, picture: "Path") -> "StreamItem[Path, EnrolledFace]":
    return StreamItem(item.index, picture, item.result, item.error, item.elapsed_s)


def _as_json(enrolled: "EnrolledFace", subject: str) -> dict[str, Any]:
    from facegrid.cli._report import face_as_json  # noqa: PLC0415  (rich, for --help not needed)

    return {"subject": subject, "id": enrolled.id, "face": face_as_json(enrolled.face)}


def _row(enrolled: "EnrolledFace") -> list[str]:
    box = enrolled.face.box
    return [f"{min(box.width, box.height):.0f}", f"{enrolled.face.score:.4f}", enrolled.id]
