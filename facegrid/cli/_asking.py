"""What the commands that ask a service have in common: where it is, how to look for faces, which pictures, a bar."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facegrid.cli._access import add_access
from facegrid.client.channel import DEFAULT_TARGET
from facegrid.errors import FacegridError
from facegrid.media.files import drawing_paths, find_pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import Progress

    from facegrid.answers.faces import Face, StreamItem

DETECT_OPTIONS: dict[str, str] = {
    "min_face_px": "side of the smallest face to be found, in pixels; 12 to 10000, default 20",
    "pyramid_factor": "ratio of each level of the image pyramid to the one before; 0.1 to 0.95, default 0.709",
    "pnet_threshold": "least score for a proposal; 0 to 1, default 0.6",
    "rnet_threshold": "least score for a candidate; 0 to 1, default 0.7",
    "onet_threshold": "least score for a face; 0 to 1, default 0.8",
}
"""The options of `facegrid.DetectOptions`; defaults and ranges are the service's."""


def add_command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Returns the parser of a command that asks a service; it has `--target`, `--timeout-s`, `--json` and access."""
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--target",
        metavar="HOST:PORT",
        default=os.environ.get("FACEGRID_TARGET") or DEFAULT_TARGET,
        help=f"the service; else $FACEGRID_TARGET, else {DEFAULT_TARGET}",
    )
    add_access(parser)
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of text")
    parser.add_argument(
        "--timeout-s", type=float, metavar="S", help="time the service may spend on each call or picture"
    )
    return parser


def add_numbers(parser: argparse.ArgumentParser, options: dict[str, str]) -> None:
    """Adds an option with a number for each name, such as `DETECT_OPTIONS`."""
    for name, text in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, metavar="X", help=text)


def numbers(args: argparse.Namespace, options: "Iterable[str]") -> dict[str, Any]:
    """Returns the values given for these names; None is the service's default."""
    return {name: getattr(args, name) for name in options}


def add_pictures(parser: argparse.ArgumentParser, *, draw: str | None) -> None:
    """Adds files and folders, `--window`, and with a help text for it `--draw`."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IMAGE|FOLDER", help="what to look at")
    if draw:
        parser.add_argument("--draw", type=Path, metavar="DIR", help=draw)
    parser.add_argument("--window", type=int, default=8, metavar="N", help="pictures under way at a time (default 8)")


@dataclass(frozen=True)
class Form:
    """How the answers of a command are shown."""

    as_json: Callable[[Any], dict[str, Any]]
    """Returns what a result adds to the object of its file."""
    headings: Sequence[str]
    """Of the table, between the file's name and the time."""
    row: Callable[[Any], list[str]]
    """Returns the cells under them."""
    drawn: "Callable[[Any], tuple[list[Face], list[str] | None]] | None" = None
    """Returns the faces of a result, and what to write above them."""


Ask = Callable[[Sequence[Path]], "Iterable[StreamItem[Path, Any]]"]
"""Returns the answers to pictures, in any order."""


def run_pictures(args: argparse.Namespace, form: Form, ask: Ask) -> int:
    """Asks about the pictures of a command line; returns 0 when every picture was answered and drawn, else 1.

    Raises:
        UsageError: a folder without pictures, or drawings that would overwrite their pictures.
        FacegridError: the service cannot be reached, or the connection broke; after what was answered is printed.
    """
    folder = getattr(args, "draw", None)
    found = find_pictures(args.inputs, leave_out=folder)
    pictures = found.pictures
    drawings = drawing_paths(pictures, folder) if folder else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    answers = Answers(form, drawings, as_json=args.json)
    try:
        with progress(args.command, len(pictures), json_lines=args.json) as shown:
            bar = shown.add_task(args.command, total=len(pictures))
            for item in ask(pictures):
                answers.add(item)
                shown.advance(bar)
    except FacegridError:
        if answers.items:
            answers.finish(pictures)
        raise
    answers.finish(pictures)
    if left_out := found.left_out.sentence():
        sys.stderr.write(f"facegrid: {left_out}\n")
    return 1 if answers.failed else 0


class Answers:
    """What came back so far, reported in the form asked for."""

    def __init__(self, form: Form, drawings: Sequence[Path] | None, *, as_json: bool) -> None:
        self._form = form
        self._drawings = drawings
        self._as_json = as_json
        self.items: list[StreamItem[Path, Any]] = []
        self.failed = False

    def add(self, item: "StreamItem[Path, Any]") -> None:
        """Prints or keeps an answer, and draws it."""
        from facegrid.cli._report import write_json_line  # noqa: PLC0415  (rich, for --help not needed)

        if self._as_json:
            write_json_line(item, self._form.as_json)
        else:
            self.items.append(item)
        self.failed |= item.error is not None
        for warning in getattr(item.result, "warnings", ()):
            sys.stderr.write(f"facegrid: {item.source}: {warning}\n")
        if self._drawings and self._form.drawn and item.result is not None:
            faces, labels = self._form.drawn(item.result)
            self._draw(item.source, faces, labels, self._drawings[item.index])

    def finish(self, pictures: Sequence[Path]) -> None:
        """Prints the table, where that is the form."""
        from facegrid.cli._report import write_table  # noqa: PLC0415

        if not self._as_json:
            write_table(pictures, self.items, self._form.headings, self._form.row)

    def _draw(self, picture: Path, faces: "list[Face]", labels: list[str] | None, path: Path) -> None:
        from facegrid.cli._warnings import as_sentences  # noqa: PLC0415
        from facegrid.media.draw import draw_file  # noqa: PLC0415

        try:
            with as_sentences():
                draw_file(picture, faces, path, labels)
        except OSError as err:
            sys.stderr.write(f"facegrid: {picture} was not drawn: {err}\n")
            self.failed = True


def progress(what: str, pictures: int, *, json_lines: bool) -> "Progress":
    """Returns a bar on standard error: for many pictures, on a terminal, where no lines of ours cross it."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns: tuple[Any, ...] = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    visible = pictures > 1 and sys.stderr.isatty() and not (json_lines and sys.stdout.isatty())
    # Without redirect_stdout=False rich would send our JSON lines to standard error, with the bar.
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not visible, redirect_stdout=False)
