"""What the commands print: JSON lines as results come, or one table at the end."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from facegrid.answers.faces import Face, StreamItem
from facegrid.errors import FacegridError

Item = StreamItem[Path, Any]


def write_json(value: dict[str, Any]) -> None:
    """Writes one object as a line of standard output, in UTF-8 whatever the locale."""
    try:
        line = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a file's name that is not text; its escapes give the name again
        line = json.dumps(value).encode() + b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def write_json_line(item: Item, as_json: Callable[[Any], dict[str, Any]]) -> None:
    """Writes one object for one file: its name, and the result as `as_json` returns it, or the error."""
    if item.result is None:
        write_json({"file": str(item.source), "error": error_as_json(item.error)})
    else:
        write_json({"file": str(item.source), **as_json(item.result)})


def error_as_json(error: FacegridError | OSError | None) -> dict[str, str]:
    """Returns reason and message."""
    reason, text = error_texts(error)
    return {"reason": reason, "message": text}


def face_as_json(face: Face) -> dict[str, Any]:
    """Returns box, score and landmarks."""
    box = face.box
    return {
        "box": [box.x_min, box.y_min, box.x_max, box.y_max],
        "score": face.score,
        "landmarks": {name: [point["x"], point["y"]] for name, point in asdict(face.landmarks).items()},
    }


def write_table(
    paths: Sequence[Path],
    items: Sequence[Item],
    headings: Sequence[str],
    row: Callable[[Any], list[str]],
    *,
    only_answered: bool = False,
) -> None:
    """Writes a table of the files in the order given, and to standard error a line for each that failed.

    Args:
        paths: The files.
        items: The results, in any order; some may be missing.
        headings: Between the file's name and the time.
        row: Returns the cells of a result under them; a file without a result has dashes.
        only_answered: Leave out the files without an answer.
    """
    by_index = {item.index: item for item in items}
    names = {index: printable(path) for index, path in enumerate(paths) if index in by_index or not only_answered}
    rows = []
    for index, name in names.items():
        item = by_index.get(index)
        cells = ["-"] * len(headings) if item is None or item.result is None else row(item.result)
        rows.append([name, *cells, _milliseconds(item) if item else "-"])
    write_rows(["file", *headings, "ms"], rows)
    for index, name in names.items():
        item = by_index.get(index)
        if item is None or item.error:
            sys.stderr.write(f"facegrid: {name}: {error_texts(item.error)[1] if item else 'not answered'}\n")


def _milliseconds(item: Item) -> str:
    """Returns the time of the service's work; that until the answer where an older service does not say."""
    return f"{(item.elapsed_s if item.work_s is None else item.work_s) * 1000:.0f}"


def write_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Writes a table whose first column is text and whose others are numbers; one line for each row in a pipe."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for cells in rows:
        table.add_row(*map(Text, cells))
    console = Console()
    if not console.is_terminal:  # for grep and awk
        console.width = sum(max(map(cell_len, column)) + 2 for column in zip(headings, *rows, strict=True))
    console.print(table)


def error_texts(error: FacegridError | OSError | None) -> tuple[str, str]:
    """Returns the reason for programs and the message for people."""
    if isinstance(error, FacegridError):
        return error.reason, error.message
    return "UNREADABLE_FILE", (error.strerror if error else None) or str(error)


def printable(path: Path) -> str:
    """Returns the name with bytes that are not text replaced; a terminal would refuse them."""
    return os.fsencode(path).decode("utf-8", "replace")
