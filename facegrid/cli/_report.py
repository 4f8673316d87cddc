"""What `facegrid detect` prints: JSON lines as answers come, or one table at the end."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from facegrid.errors import FacegridError
from facegrid.types import DetectedItem, Face


def write_json_line(item: DetectedItem[Path]) -> None:
    """Writes one object for one file to standard output."""
    sys.stdout.write(json.dumps(as_json(item)) + "\n")
    sys.stdout.flush()


def as_json(item: DetectedItem[Path]) -> dict[str, Any]:
    """Returns file, width, height and faces; or file and error."""
    if item.detection is None:
        reason, text = _error(item.error)
        return {"file": str(item.source), "error": {"reason": reason, "message": text}}
    return {
        "file": str(item.source),
        "width": item.detection.image_width_px,
        "height": item.detection.image_height_px,
        "faces": [_face_as_json(face) for face in item.detection.faces],
    }


def write_table(paths: Sequence[Path], items: Sequence[DetectedItem[Path]]) -> None:
    """Writes a table of the files in the order given, and to standard error a line for each that failed."""
    by_index = {item.index: item for item in items}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    for heading in ("faces", "size", "best score", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    names = [_printable(path) for path in paths]
    for index, name in enumerate(names):
        table.add_row(Text(name), *_row(by_index.get(index)))
    console = Console()
    if not console.is_terminal:
        console.width = max(map(cell_len, names)) + 60  # one line for one file, for grep and awk
    console.print(table)
    for index, name in enumerate(names):
        item = by_index.get(index)
        if item is None or item.error:
            sys.stderr.write(f"facegrid: {name}: {_error(item.error)[1] if item else 'not answered'}\n")


def _row(item: DetectedItem[Path] | None) -> list[str]:
    """Returns the cells after the name; a dash where there is no detection."""
    if item is None:
        return ["-", "-", "-", "-"]
    elapsed_ms = f"{item.elapsed_s * 1000:.0f}"
    if item.detection is None:
        return ["-", "-", "-", elapsed_ms]
    found = item.detection
    best = f"{found.faces[0].score:.4f}" if found.faces else "-"
    return [str(len(found.faces)), f"{found.image_width_px}x{found.image_height_px}", best, elapsed_ms]


def _face_as_json(face: Face) -> dict[str, Any]:
    box = face.box
    return {
        "box": [box.x_min, box.y_min, box.x_max, box.y_max],
        "score": face.score,
        "landmarks": {name: [point["x"], point["y"]] for name, point in asdict(face.landmarks).items()},
    }


def _error(error: FacegridError | OSError | None) -> tuple[str, str]:
    """Returns the reason for programs and the message for people."""
    if isinstance(error, FacegridError):
        return error.reason, error.message
    return "UNREADABLE_FILE", (error.strerror if error else None) or str(error)


def _printable(path: Path) -> str:
    """Returns the name with any bytes that are no text replaced; a terminal would refuse them."""
    return os.fsencode(path).decode("utf-8", "replace")
