"""A file of a detector's answers: the reference takes most of the time and never changes."""

from pathlib import Path

import numpy as np

from benchmarks.accuracy.detection.report import Answers
from orchestrator.types import Detections


def read_answers(path: Path) -> dict[str, Detections]:
    """Returns the answers in the file, by the picture's name; none where there is no file."""
    if not path.exists():
        return {}
    with np.load(path) as rows:
        return {name: _faces(rows[name]) for name in rows.files}


def write_answers(path: Path, answers: Answers) -> None:
    """Writes the answers to the file."""
    rows = {
        name: np.concatenate([f.boxes, f.scores[:, None], f.landmarks.reshape(-1, 10)], axis=1)  # [N, 15]
        for name, f in answers.items()
    }
    with path.open("wb") as file:
        # The argument names are the pictures' names, which mypy takes for savez's own options.
        np.savez_compressed(file, **rows)  # type: ignore[arg-type]


def _faces(rows: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> Detections:
    return Detections(rows[:, :4], rows[:, 4], rows[:, 5:].reshape(-1, 5, 2))
