"""What `facegrid detect` prints: JSON lines as answers come, or one table at the end."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
    """Writes a table of the files in the order given; a file without an item was not answered."""
    by_index = {item.index: item for item in items}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    for heading in ("faces", "size", "best score", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    failed = len(by_index) < len(paths) or any(item.error for item in items)
    if failed:
        table.add_column("error", overflow="fold")
    for index, path in enumerate(paths):
        item = by_index.get(index)
        row = _row(item) if item else ["", "", "", "", "not answered"]
        table.add_row(*map(Text, [_printable(path), *row][: len(table.columns)]))
    Console().print(table)


def _row(item: DetectedItem[Path]) -> list[str]:
    elapsed_ms = f"{item.elapsed_s * 1000:.0f}"
    if item.detection is None:
        return ["", "", "", elapsed_ms, _error(item.error)[1]]
    found = item.detection
    best = f"{found.faces[0].score:.4f}" if found.faces else ""
    return [str(len(found.faces)), f"{found.image_width_px}x{found.image_height_px}", best, elapsed_ms, ""]


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
