"""The evaluation pictures of faces, and their labels."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCORED = ("dlib", "compreface", "coco", "noface", "wider-val")
"""Sets with marked boxes. `wider-train` is left out: the networks were trained on it."""

LANDMARKED = "helen"
"""The set whose points were marked by people, one face in each picture."""

_FOLDERS = ("detect", "landmarks", "samples")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class EvaluationPicture:
    """A picture; without labels if it only serves to compare two detectors."""

    name: str
    """Path below the data folder."""
    path: Path
    set_name: str = ""
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)), repr=False)
    """Marked faces [N, 4]: x_min, y_min, x_max, y_max in pixels."""
    ignored: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool), repr=False)
    """[N]: faces that are not scored, whether found or not."""
    small: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool), repr=False)
    """[N]: faces of less than 20 px."""
    complete: bool = False
    """Whether every face is marked, so that any other one is false."""
    landmarks: NDArray[np.float64] | None = field(default=None, repr=False)
    """Marked points [5, 2] in the order of `exporters.signatures.LANDMARKS`, where the set has them."""


def find_pictures(data_dir: Path, sets: Sequence[str] = ()) -> list[EvaluationPicture]:
    """Returns every picture of the data set once, in a fixed order, with its truth.

    Args:
        data_dir: The folder that holds detect/, landmarks/ and samples/.
        sets: Names of sets; others are left out. None given: all pictures.
    """
    truth = {picture.path.resolve(): picture for picture in [*_with_points(data_dir), *_with_boxes(data_dir)]}
    found: dict[Path, EvaluationPicture] = {}
    for folder in _FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            if path.suffix.lower() in _SUFFIXES:
                plain = EvaluationPicture(str(path.relative_to(data_dir)), path)
                found.setdefault(path.resolve(), truth.get(path.resolve(), plain))
    return [picture for picture in found.values() if not sets or picture.set_name in sets]


def _with_boxes(data_dir: Path) -> list[EvaluationPicture]:
    folder = data_dir / "detect"
    return [_picture_with_boxes(data_dir, folder / row["file"], row) for row in _rows(folder / "detect.json")]


def _picture_with_boxes(data_dir: Path, path: Path, row: dict[str, Any]) -> EvaluationPicture:
    set_name = Path(row["file"]).parts[0]
    if "wider_split" in row:
        set_name = f"{set_name}-{row['wider_split']}"
    boxes = np.array([face["box"] for face in row["faces"]], float).reshape(-1, 4)  # x, y, width, height
    boxes[:, 2:] += boxes[:, :2]
    ignored = np.array([bool(face.get("ignore")) for face in row["faces"]], bool)
    small = np.array([bool(face.get("small")) for face in row["faces"]], bool)
    return EvaluationPicture(
        str(path.relative_to(data_dir)), path, set_name, boxes, ignored, small, row["complete_labels"]
    )


def _with_points(data_dir: Path) -> list[EvaluationPicture]:
    folder = data_dir / "landmarks"
    found = []
    for row in _rows(folder / "landmarks.json", "images"):
        path = folder / row["file"]
        points = np.array(row["faces"][0]["landmarks5"], float)
        found.append(EvaluationPicture(str(path.relative_to(data_dir)), path, path.parent.name, landmarks=points))
    return found


def _rows(path: Path, key: str | None = None) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = content[key] if key else content
    return rows
