"""Chips as files, for the gallery to keep."""

import cv2

from facegrid.errors import InternalError
from orchestrator.types import Image


def encode_chip(chip: Image) -> bytes:
    """Returns a chip, RGB uint8 [S, S, 3], as a PNG file: another embedder must be given exactly what this one was."""
    done, data = cv2.imencode(".png", cv2.cvtColor(chip, cv2.COLOR_RGB2BGR))
    if not done:
        raise InternalError(f"a chip of shape {chip.shape} was not encoded")
    return bytes(data)
