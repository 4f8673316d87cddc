"""The image pyramid: the picture at every scale at which a face of some size fills pnet's field.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks"
(arXiv 1604.02878), section II.A.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from exporters.signatures import PNET_FIELD_PX
from orchestrator.types import FineImage


@dataclass(frozen=True)
class Level:
    """One size of the picture."""

    scale: float
    """Pixels of the level per pixel of the image."""
    width_px: int
    height_px: int


def plan_levels(width_px: int, height_px: int, *, min_face_px: float, factor: float) -> tuple[Level, ...]:
    """Returns the levels for a picture, largest first; none if the picture is smaller than any face.

    In the first level a face of `min_face_px` has the side of pnet's field; each next level is
    `factor` times as large, as long as pnet's field fits into it.

    Args:
        width_px: Width of the image, at least 1.
        height_px: Height of the image, at least 1.
        min_face_px: At least `PNET_FIELD_PX`.
        factor: Range (0, 1).
    """
    levels = []
    level = _level(width_px, height_px, PNET_FIELD_PX / min_face_px)
    while min(level.width_px, level.height_px) >= PNET_FIELD_PX:
        levels.append(level)
        level = _level(width_px, height_px, level.scale * factor)
    return tuple(levels)


def _level(width_px: int, height_px: int, scale: float) -> Level:
    # Fractions of a pixel do not count, but 11.999999 is 12 that met floating point.
    return Level(scale, int(width_px * scale + 1e-6), int(height_px * scale + 1e-6))


def draw_levels(image: FineImage, levels: tuple[Level, ...]) -> Iterator[FineImage]:
    """Yields the picture at each level, each pixel the average over its area of the picture."""
    for level in levels:
        drawn = cv2.resize(image, (level.width_px, level.height_px), interpolation=cv2.INTER_AREA)
        yield np.asarray(drawn, dtype=np.uint16)
