"""Arithmetic on boxes.

A box is x_min, y_min, x_max, y_max in pixels; its sides are the plain differences. All functions take and return
float32, change nothing in place, and accept empty input.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.types import Floats

_BLOCK = 256
"""Boxes compared with all others at a time, so that memory grows with N and not with N * N."""


def areas(boxes: Floats) -> Floats:
    """Returns the area of each box [N], for boxes [N, 4]."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def intersections(a: Floats, b: Floats) -> Floats:
    """Returns the area common to each pair [N, M], for boxes [N, 4] and [M, 4]."""
    # Two 2-D passes instead of one on [N, M, 2]: half the time, since nothing is gathered.
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])  # [N, M]
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])  # [N, M]
    common: Floats = np.maximum(width, 0) * np.maximum(height, 0)
    return common


def overlaps(a: Floats, b: Floats, by: Literal["union", "minimum"]) -> Floats:
    """Returns how much each pair overlaps [N, M], range [0, 1]; 0 where both boxes have no area.

    Args:
        a: Boxes [N, 4].
        b: Boxes [M, 4].
        by: What the common area is divided by: the `union` of both (the Jaccard index, IoU), or
            the `minimum` of their areas, which is 1 for a box inside another.
    """
    common = intersections(a, b)
    area_a, area_b = areas(a)[:, None], areas(b)[None, :]
    base = area_a + area_b - common if by == "union" else np.minimum(area_a, area_b)
    return np.divide(common, base, out=np.zeros_like(common), where=base > 0)


def suppress(boxes: Floats, scores: Floats, *, threshold: float, by: Literal["union", "minimum"]) -> NDArray[np.intp]:
    """Returns the indices of the boxes that no better box overlaps by more than `threshold`, best score first.

    This is the rule of the `mtcnn` package, whose faces are to be reproduced: a box is dropped also
    when the better box is itself dropped. Greedy non-maximum suppression would keep it. Of equal
    scores, which are common because a float32 probability near 1 has few values, the last counts as
    better.

    Args:
        boxes: [N, 4].
        scores: [N].
        threshold: Range [0, 1]; an overlap equal to it is allowed.
        by: See `overlaps`.
    """
    order = np.argsort(scores, kind="stable")[::-1]
    ordered = boxes[order]
    dropped = np.zeros(len(order), dtype=bool)
    for start in range(0, len(order), _BLOCK):
        # Only the boxes after the block's first can be worse than one of the block.
        block, rest = ordered[start : start + _BLOCK], ordered[start:]
        too_close = overlaps(block, rest, by) > threshold  # [block, rest]
        dropped[start:] |= np.triu(too_close, k=1).any(axis=0)
    return order[~dropped]


def shift_edges(boxes: Floats, offsets: Floats) -> Floats:
    """Returns boxes [N, 4] whose edges are moved by offsets [N, 4] in units of the box's sides.

    The sides count one pixel more than their difference, as in the MTCNN authors' code, where boxes
    include their last pixel.
    """
    sides = boxes[:, 2:] - boxes[:, :2] + 1  # [N, 2]
    return boxes + offsets * np.tile(sides, 2)


def squares(boxes: Floats) -> Floats:
    """Returns squares [N, 4] with the boxes' centres and their longer side."""
    sides = boxes[:, 2:] - boxes[:, :2]  # [N, 2]
    side = sides.max(axis=1, keepdims=True, initial=0)  # [N, 1]
    corner = boxes[:, :2] + (sides - side) * np.float32(0.5)
    return np.concatenate([corner, corner + side], axis=1)


def clip(boxes: Floats, *, width_px: int, height_px: int) -> Floats:
    """Returns boxes [N, 4] cut off at the centres of the image's outermost pixels."""
    limit = np.array([width_px - 1, height_px - 1] * 2, dtype=np.float32)
    return np.clip(boxes, 0, limit)
