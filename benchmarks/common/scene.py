"""A picture of any size with the faces of the sample pictures, so that benchmarks need no data of their own."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.common.paths import SAMPLES

_COLUMNS, _ROWS = 3, 2


def scene(width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Returns an RGB picture [height, width, 3] of the samples side by side."""
    names = sorted(path for path in SAMPLES.iterdir() if path.suffix in {".jpg", ".png"})
    cell = (width_px // _COLUMNS, height_px // _ROWS)
    canvas = Image.new("RGB", (width_px, height_px), (96, 96, 96))
    for index, path in enumerate(names[: _COLUMNS * _ROWS]):
        with Image.open(path) as opened:
            fitted = ImageOps.fit(opened.convert("RGB"), cell, centering=(0.5, 0.15))
        canvas.paste(fitted, (index % _COLUMNS * cell[0], index // _COLUMNS * cell[1]))
    return np.asarray(canvas)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Returns the picture as a camera would store it."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=90)
    return stream.getvalue()
