"""Sheets of digits: pictures of 28 x 28 pixels side by side, still or moving."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facegrid.media.whole_file import whole_file

Row = Sequence[NDArray[np.uint8]]
"""Pictures [28, 28]."""

_GAP_PX = 2
_GAP_LEVEL = 48
"""Grey enough to be told from the pictures, which are black at their edges."""
_FRAME_MS = 90


def write_sheet(rows: Sequence[Row], path: Path, scale: int) -> None:
    """Writes rows of pictures as one picture, in the format that the suffix names; raises OSError."""
    sheet = _scaled(_sheet(rows), scale)
    with whole_file(path) as part:
        sheet.save(part)


def write_moving(steps: Sequence[Row], path: Path, scale: int) -> None:
    """Writes a GIF that shows one step after the other, there and back, in a loop; raises OSError."""
    frames = [_scaled(_sheet(square(step)), scale) for step in [*steps, *steps[-2:0:-1]]]
    with whole_file(path) as part:
        frames[0].save(part, save_all=True, append_images=frames[1:], duration=_FRAME_MS, loop=0)


def square(digits: Row) -> list[Row]:
    """Returns the pictures in rows that make a sheet about as wide as it is high."""
    columns = math.ceil(math.sqrt(len(digits)))
    return [digits[first : first + columns] for first in range(0, len(digits), columns)]


def transposed(rows: Sequence[Row]) -> list[Row]:
    """Returns the columns of rows of equal length."""
    return [list(column) for column in zip(*rows, strict=True)]


def _sheet(rows: Sequence[Row]) -> Image.Image:
    side = rows[0][0].shape[0]
    step = side + _GAP_PX
    width, height = max(map(len, rows)) * step + _GAP_PX, len(rows) * step + _GAP_PX
    pixels = np.full((height, width), _GAP_LEVEL, np.uint8)
    for row, digits in enumerate(rows):
        for column, digit in enumerate(digits):
            top, left = row * step + _GAP_PX, column * step + _GAP_PX
            pixels[top : top + side, left : left + side] = digit
    return Image.fromarray(pixels)


def _scaled(sheet: Image.Image, scale: int) -> Image.Image:
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST)
