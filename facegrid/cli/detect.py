"""`facegrid detect`: the faces of files and folders, as a table, as JSON lines, and drawn."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import facegrid
from facegrid._channel import DEFAULT_TARGET
from facegrid.cli._pictures import SUFFIXES, drawing_paths, find_pictures
from facegrid.errors import FacegridError

if TYPE_CHECKING:
    from rich.progress import Progress

    from facegrid.types import DetectedItem, DetectOptions, Face

_OPTIONS: dict[str, str] = {
    "min_face_px": "side of the smallest face to be found, in pixels; 12 to 10000, default 20",
    "pyramid_factor": "ratio of each level of the image pyramid to the one before; 0.1 to 0.95, default 0.709",
    "pnet_threshold": "least score for a proposal; 0 to 1, default 0.6",
    "rnet_threshold": "least score for a candidate; 0 to 1, default 0.7",
    "onet_threshold": "least score for a face; 0 to 1, default 0.8",
}
"""The options of `facegrid.DetectOptions`; defaults and ranges are the service's."""

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
    parser = subparsers.add_parser(
        "detect",
        help="find the faces of pictures",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IMAGE|FOLDER", help="what to look at")
    parser.add_argument(
        "--target",
        metavar="HOST:PORT",
        default=os.environ.get("FACEGRID_TARGET") or DEFAULT_TARGET,
        help=f"the service; else $FACEGRID_TARGET, else {DEFAULT_TARGET}",
    )
    parser.add_argument("--draw", type=Path, metavar="DIR", help="write a copy of each picture with its faces drawn in")
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of a table")
    parser.add_argument("--timeout-s", type=float, metavar="S", help="time the service may spend on each picture")
    parser.add_argument("--window", type=int, default=8, metavar="N", help="pictures under way at a time (default 8)")
    for name, text in _OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, metavar="X", help=text)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0 when every picture was answered and drawn, else 1.

    Raises:
        UsageError: a folder without pictures, or drawings that would overwrite their pictures.
        FacegridError: the service cannot be reached, or the connection broke; after what was answered is printed.
    """
    pictures = find_pictures(args.inputs, leave_out=args.draw)
    drawings = drawing_paths(pictures, args.draw) if args.draw else None
    if args.draw:
        args.draw.mkdir(parents=True, exist_ok=True)
    answers = _Answers(drawings, as_json=args.json)
    try:
        _ask(args, pictures, answers)
    except FacegridError:
        if answers.items:
            answers.finish(pictures)
        raise
    answers.finish(pictures)
    return 1 if answers.failed else 0


class _Answers:
    """What came back so far, reported in the form asked for."""

    def __init__(self, drawings: Sequence[Path] | None, *, as_json: bool) -> None:
        self._drawings = drawings
        self._as_json = as_json
        self.items: list[DetectedItem[Path]] = []
        self.failed = False

    def add(self, item: "DetectedItem[Path]") -> None:
        """Prints or keeps an answer, and draws it."""
        from facegrid.cli._report import write_json_line  # noqa: PLC0415  (rich, for --help not needed)

        if self._as_json:
            write_json_line(item)
        else:
            self.items.append(item)
        self.failed |= item.error is not None
        if self._drawings and item.detection is not None:
            self._draw(item.source, item.detection.faces, self._drawings[item.index])

    def finish(self, pictures: Sequence[Path]) -> None:
        """Prints the table, where that is the form."""
        from facegrid.cli._report import write_table  # noqa: PLC0415

        if not self._as_json:
            write_table(pictures, self.items)

    def _draw(self, picture: Path, faces: "list[Face]", path: Path) -> None:
        from facegrid.draw import draw_file  # noqa: PLC0415

        try:
            draw_file(picture, faces, path)
        except OSError as err:
            sys.stderr.write(f"facegrid: {picture} was not drawn: {err}\n")
            self.failed = True


def _ask(args: argparse.Namespace, pictures: Sequence[Path], answers: _Answers) -> None:
    options: DetectOptions = {name: getattr(args, name) for name in _OPTIONS}  # type: ignore[assignment]
    with facegrid.connect(args.target) as client, _progress(len(pictures), json_lines=args.json) as progress:
        bar = progress.add_task("detect", total=len(pictures))
        for item in client.detect_many(pictures, window=args.window, timeout_s=args.timeout_s, **options):
            answers.add(item)
            progress.advance(bar)


def _progress(pictures: int, *, json_lines: bool) -> "Progress":
    """Returns a bar on standard error: for many pictures, on a terminal, where no lines of ours cross it."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns: tuple[Any, ...] = (TextColumn("detect"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    visible = pictures > 1 and sys.stderr.isatty() and not (json_lines and sys.stdout.isatty())
    # Without redirect_stdout=False rich would send our JSON lines to standard error, with the bar.
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not visible, redirect_stdout=False)
