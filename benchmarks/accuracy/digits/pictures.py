"""Pictures of generated digits for people to look at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exporters.signatures import LABELS

Images = NDArray[np.uint8]

_SCALE = 2
_COLUMNS = 10


def draw_blends(path: Path, draw: Callable[[NDArray[np.float32]], Images]) -> None:
    """Writes a table of each digit with each: on the diagonal one digit, elsewhere both at once."""
    digits = np.eye(LABELS, dtype=np.float32)
    labels = (digits[:, None] + digits[None]).reshape(-1, LABELS) / np.float32(2)
    _write(path, draw(labels))


def draw_nearest(path: Path, made: Images, real: Images) -> None:
    """Writes generated digits, each above the training digit that is nearest to it."""
    pairs = [
        np.concatenate([made[at : at + _COLUMNS], real[at : at + _COLUMNS]]) for at in range(0, len(made), _COLUMNS)
    ]
    _write(path, np.concatenate(pairs))


def _write(path: Path, images: Images) -> None:
    rows = [np.hstack(list(images[at : at + _COLUMNS])) for at in range(0, len(images), _COLUMNS)]
    grid = Image.fromarray(np.vstack(rows))
    grid.resize((grid.width * _SCALE, grid.height * _SCALE), Image.Resampling.LANCZOS).save(path, optimize=True)
