"""Chips as PNG files, for the gallery to keep."""

import cv2
import numpy as np

from facegrid.errors import GalleryUnavailable, InternalError
from orchestrator.types import Image


def encode_chip(chip: Image) -> bytes:
    """Returns a chip, RGB uint8 [S, S, 3], as a PNG file: a later embedder must get exactly the same pixels."""
    done, data = cv2.imencode(".png", cv2.cvtColor(chip, cv2.COLOR_RGB2BGR))
    if not done:
        raise InternalError(f"a chip of shape {chip.shape} was not encoded")
    return bytes(data)


def decode_chip(data: bytes, chip_px: int) -> Image:
    """Returns a kept chip as RGB uint8 [chip_px, chip_px, 3], resized if it was kept in another size.

    Raises:
        GalleryUnavailable: The bytes are not a picture.
    """
    chip = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if chip is None:
        raise GalleryUnavailable(f"a chip of {len(data)} bytes is not a picture; restore the gallery from a backup")
    if chip.shape[:2] != (chip_px, chip_px):
        chip = cv2.resize(chip, (chip_px, chip_px), interpolation=cv2.INTER_AREA)
    rgb: Image = cv2.cvtColor(chip, cv2.COLOR_BGR2RGB)
    return rgb
