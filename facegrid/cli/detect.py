"""`facegrid detect`: the faces of files and folders, as a table, as JSON lines, and drawn."""

import argparse
from typing import TYPE_CHECKING, Any

from facegrid.cli._access import connect
from facegrid.cli._asking import DETECT_OPTIONS, Form, add_command, add_numbers, add_pictures, numbers, run_pictures
from facegrid.media.files import SUFFIXES

if TYPE_CHECKING:
    from facegrid.answers.faces import Detection

_DESCRIPTION = f"""\
Finds the faces of pictures with a running service.

Folders are walked for {", ".join(SUFFIXES)}. The result is a table in the order of the
files, or with --json one line for each file in the order of completion:
  {{"file": ..., "width": ..., "height": ..., "faces": [{{"box": [x_min, y_min, x_max, y_max],
   "score": ..., "landmarks": {{"left_eye": [x, y], ...}}}}]}}
  {{"file": ..., "error": {{"reason": "INVALID_IMAGE", "message": ...}}}}
Positions are pixels of the upright picture; left and right are the viewer's.
Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid detect photo.jpg
  facegrid detect holiday/ --draw out/
  facegrid detect holiday/ --json | jq 'select(.faces | length > 1) | .file'
  facegrid detect crowd.jpg --min-face-px 12 --target faces.example.org:9000
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `detect`."""
    parser = add_command(subparsers, "detect", "find the faces of pictures", _DESCRIPTION, _EXAMPLES)
    add_pictures(parser, draw="write a copy of each picture with its faces drawn in")
    add_numbers(parser, DETECT_OPTIONS)
    parser.set_defaults(run=run, command="detect")


def run(args: argparse.Namespace) -> int:
    """Runs the command; see `run_pictures`."""
    options: Any = numbers(args, DETECT_OPTIONS)
    with connect(args) as client:
        return run_pictures(
            args,
            Form(_as_json, ("faces", "size", "best score"), _row, lambda found: (found.faces, None)),
            lambda pictures: client.detect_many(pictures, window=args.window, timeout_s=args.timeout_s, **options),
        )


def _as_json(found: "Detection") -> dict[str, Any]:
    from facegrid.cli._report import face_as_json  # noqa: PLC0415  (rich, for --help not needed)

    return {
        "width": found.image_width_px,
        "height": found.image_height_px,
        "faces": [face_as_json(face) for face in found.faces],
        **({"warnings": found.warnings} if found.warnings else {}),
    }


def _row(found: "Detection") -> list[str]:
    best = f"{found.faces[0].score:.4f}" if found.faces else "-"
    return [str(len(found.faces)), f"{found.image_width_px}x{found.image_height_px}", best]
