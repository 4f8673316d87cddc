"""A decoded frame as it is meant to be seen: square pixels, upright, RGB."""

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from facegrid.media.video.errors import VideoError, reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_MATRIX = struct.Struct("=9i")
_MOST_STRETCH = 8
"""Pixels of a stranger shape are a mistake of the file."""


def seen(frame: Any, pixel_aspect: Fraction | None) -> "Pixels":
    """Returns the pixels of a frame, RGB uint8 [height, width, 3], as players show it.

    Args:
        frame: As PyAV decodes it.
        pixel_aspect: Width of a pixel divided by its height; None: 1. Frames are stretched, never shrunk.

    Raises:
        VideoError: FFmpeg cannot convert its colours.
    """
    width, height = square_size(frame.width, frame.height, pixel_aspect)
    try:
        pixels = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="BICUBIC")
    except (av.FFmpegError, OSError, ValueError) as err:
        raise VideoError(
            f"its pixels ({frame.format.name}, colour space {frame.colorspace}) cannot be converted: {reason_of(err)}"
        ) from err
    return upright(pixels, _matrix_of(frame))


def square_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Returns the size of a frame with square pixels."""
    if not pixel_aspect or not Fraction(1, _MOST_STRETCH) <= pixel_aspect <= _MOST_STRETCH:
        return width, height
    if pixel_aspect >= 1:
        return round(width * pixel_aspect), height
    return width, round(height / pixel_aspect)


def upright(pixels: "Pixels", matrix: tuple[int, ...] | None) -> "Pixels":
    """Returns the pixels turned, and mirrored, as a display matrix says, to the nearest quarter turn.

    Args:
        pixels: [height, width, 3].
        matrix: Of ISO 14496-12: a b u, c d v, x y w; a point (p, q) is shown at (a p + c q, b p + d q). None: as
            it is.
    """
    if matrix is None:
        return pixels
    a, b, _, c, d = matrix[:5]
    if a * d - b * c < 0:
        pixels, a, b = pixels[:, ::-1], -a, -b
    quarter_turns_clockwise = round(math.atan2(b, a) / (math.pi / 2)) if (a, b) != (0, 0) else 0
    return np.rot90(pixels, -quarter_turns_clockwise)


def _matrix_of(frame: Any) -> tuple[int, ...] | None:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return None if matrix is None else _MATRIX.unpack(bytes(matrix)[: _MATRIX.size])
