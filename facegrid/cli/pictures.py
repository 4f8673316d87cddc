"""What the commands that ask about many pictures share: find the pictures, ask, and show what comes back."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facegrid.answers.faces import Face, StreamItem
from facegrid.cli.output import write_json_line, write_table
from facegrid.cli.progress import counting_bar
from facegrid.cli.warnings import as_sentences
from facegrid.errors import DeadlineExceeded, FacegridError, Overloaded
from facegrid.media.draw import draw_file
from facegrid.media.picture_files import drawing_paths, find_pictures


@dataclass(frozen=True)
class ResultView:
    """How the results of a command are shown."""

    as_json: Callable[[Any], dict[str, Any]]
    """Returns what a result adds to the object of its file."""
    headings: Sequence[str]
    """Of the table, between the file's name and the time."""
    row: Callable[[Any], list[str]]
    """Returns the cells under them."""
    faces: Callable[[Any], int]
    """Returns the number of faces of a result."""
    drawn: Callable[[Any], tuple[list[Face], list[str] | None]] | None = None
    """Returns the faces of a result, and what to write above them."""


AskMany = Callable[[Sequence[Path]], Iterable[StreamItem[Path, Any]]]
"""Returns the results of pictures, in any order."""


def run_pictures(
    command: str,
    inputs: Sequence[Path],
    view: ResultView,
    ask: AskMany,
    *,
    as_json: bool,
    draw: Path | None = None,
    repeat: bool = True,
) -> int:
    """Asks about the pictures of a command line; returns 0 when every picture was answered and drawn, else 1.

    The last line, on standard error, is a summary.

    Args:
        command: Its name, for the progress bar.
        inputs: Files and folders.
        view: How the results are shown.
        ask: Asks the service.
        as_json: Print JSON lines as results come, in place of a table at the end.
        draw: The folder for drawn copies, if they are wanted.
        repeat: At the end, ask once more about pictures for which the service was too slow or too busy.

    Raises:
        UsageError: A folder without pictures, or drawings that would overwrite their pictures.
        FacegridError: The service cannot be reached, or the connection broke; what was answered is printed before.
        KeyboardInterrupt: Likewise.
    """
    found = find_pictures(inputs, leave_out=draw)
    pictures = found.pictures
    drawings = drawing_paths(pictures, draw) if draw else None
    if draw:
        draw.mkdir(parents=True, exist_ok=True)
    results = _Results(view, drawings, as_json=as_json)
    visible = len(pictures) > 1 and sys.stderr.isatty() and not (as_json and sys.stdout.isatty())
    try:
        with counting_bar(command, visible=visible) as progress:
            task = progress.add_task(command, total=len(pictures))
            for item in _twice_where_busy(ask, pictures) if repeat else ask(pictures):
                results.add(item)
                progress.advance(task)
    except (FacegridError, KeyboardInterrupt) as err:
        if results.answered:
            results.finish(pictures, only_answered=isinstance(err, KeyboardInterrupt))
        raise
    results.finish(pictures)
    if left_out := found.left_out.sentence():
        sys.stderr.write(f"facegrid: {left_out}\n")
    return 1 if results.failed else 0


def _twice_where_busy(ask: AskMany, pictures: Sequence[Path]) -> Iterator[StreamItem[Path, Any]]:
    """Yields the results; where the service was too slow or too busy, those of a second attempt."""
    again: list[int] = []
    for item in ask(pictures):
        if isinstance(item.error, (DeadlineExceeded, Overloaded)):
            again.append(item.index)
        else:
            yield item
    if again:
        for item in ask([pictures[index] for index in again]):
            yield replace(item, index=again[item.index])


class _Results:
    """The results so far, reported as the command line asks for."""

    def __init__(self, view: ResultView, drawings: Sequence[Path] | None, *, as_json: bool) -> None:
        self._view = view
        self._drawings = drawings
        self._as_json = as_json
        self.items: list[StreamItem[Path, Any]] = []
        """Of the table."""
        self.answered = 0
        self.failed = False
        self._faces = 0
        self._failures = 0
        self._started_s = time.monotonic()

    def add(self, item: StreamItem[Path, Any]) -> None:
        """Prints or keeps a result, and draws it."""
        if self._as_json:
            write_json_line(item, self._view.as_json)
        else:
            self.items.append(item)
        self.answered += 1
        self.failed |= item.error is not None
        self._failures += item.error is not None
        self._faces += 0 if item.result is None else self._view.faces(item.result)
        for warning in getattr(item.result, "warnings", ()):
            sys.stderr.write(f"facegrid: {item.source}: {warning}\n")
        if self._drawings and self._view.drawn and item.result is not None:
            faces, labels = self._view.drawn(item.result)
            self._draw(item.source, faces, labels, self._drawings[item.index])

    def finish(self, pictures: Sequence[Path], *, only_answered: bool = False) -> None:
        """Prints the table, where one is asked for, and the summary."""
        if not self._as_json:
            write_table(pictures, self.items, self._view.headings, self._view.row, only_answered=only_answered)
        took_s = time.monotonic() - self._started_s
        counts = [_counted(self.answered, "picture"), _counted(self._faces, "face"), f"{self._failures} failed"]
        if missing := len(pictures) - self.answered:
            counts.append(f"{missing} not answered")
        sys.stdout.flush()
        sys.stderr.write(f"{', '.join(counts)} in {took_s:.1f} s ({self.answered / took_s:.1f} pictures/s)\n")

    def _draw(self, picture: Path, faces: list[Face], labels: list[str] | None, path: Path) -> None:
        try:
            with as_sentences():
                draw_file(picture, faces, path, labels)
        except OSError as err:
            sys.stderr.write(f"facegrid: {picture} was not drawn: {err}\n")
            self.failed = True


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
