"""Follows boxes from one frame into the next without the networks: cheap, and reliable for a few frames.

Median Flow (Kalal, Mikolajczyk, Matas, "Forward-Backward Error: Automatic Detection of Tracking
Failures", ICPR 2010): a grid of points in the box is followed by optical flow (Lucas-Kanade, in a
pyramid) there and back. The medians of the half that comes back best say how the box has moved and
grown. If even that half does not come back, the box is lost.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orchestrator.types import Floats, Image

_MAX_AREA_PX = 640 * 480
"""Larger frames are followed at this size; the flow has fractions of a pixel."""

_GRID = 8
"""Points along a side of the box, which span its inner part: corners of a face's box show the background."""
_GRID_INSET = 0.15

_FLOW: dict[str, Any] = {
    "winSize": (15, 15),
    "maxLevel": 4,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03),
}
"""Four halvings of a window of 15 pixels find shifts of over 100."""

_MAX_RETURN_ERROR = 0.06
"""Greatest median distance of a point from its start, there and back, in sides of the box (and at least 1 pixel)."""
_MAX_GROWTH = 1.5
"""Greatest change of size from one frame to the next; a greater one is a failure."""


@dataclass(frozen=True)
class Grey:
    """A frame as optical flow needs it."""

    pixels: NDArray[np.uint8]
    """[height, width], reduced to at most 640 x 480 in area."""
    scale: float
    """Pixels of this per pixel of the frame."""


@dataclass(frozen=True)
class Followed:
    """Where the boxes are in the next frame."""

    boxes: Floats
    """[N, 4], in pixels of the frame; may reach beyond it. A box that was lost stays where it was."""
    sound: NDArray[np.bool_]
    """[N], whether the box was followed."""


def to_grey(image: Image) -> Grey:
    """Returns the frame for `follow`; frames of one size give pixels of one size."""
    height, width = image.shape[:2]
    scale = min(1.0, (_MAX_AREA_PX / (height * width)) ** 0.5)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return Grey(np.asarray(grey, dtype=np.uint8), scale)


def follow(before: Grey, after: Grey, boxes: Floats) -> Followed:
    """Returns where the boxes of the first frame are in the second.

    Args:
        before: The first frame.
        after: The second, of the same size.
        boxes: [N, 4], x_min, y_min, x_max, y_max in pixels of the frame.
    """
    count = len(boxes)
    if not count:
        return Followed(boxes, np.empty(0, dtype=bool))
    start = _grids(boxes * np.float32(before.scale))  # [N, G, 2]
    there, found = _flow(before, after, start)
    back, found_back = _flow(after, before, there)
    error = np.linalg.norm(back - start, axis=2)  # [N, G]
    error[~(found & found_back)] = np.inf
    moved = [_move(*one) for one in zip(boxes * before.scale, start, there, error, strict=True)]
    sound = np.array([box is not None for box in moved])
    new = [box / before.scale if box is not None else old for box, old in zip(moved, boxes, strict=True)]
    return Followed(np.array(new, dtype=np.float32), sound)


def _grids(boxes: Floats) -> Floats:
    """Returns points spread evenly over the inner part of each box [N, G, 2]."""
    steps = np.linspace(_GRID_INSET, 1 - _GRID_INSET, _GRID, dtype=np.float32)
    unit = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, -1, 2)  # [1, G, 2]
    points: Floats = boxes[:, None, :2] + unit * (boxes[:, None, 2:] - boxes[:, None, :2])
    return points


def _flow(before: Grey, after: Grey, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns where points [N, G, 2] are in the second frame, and whether the flow found them [N, G]."""
    flat = points.reshape(-1, 1, 2)
    went, found, _ = cv2.calcOpticalFlowPyrLK(before.pixels, after.pixels, flat, None, **_FLOW)
    return np.asarray(went, np.float32).reshape(points.shape), np.asarray(found, bool).reshape(points.shape[:2])


def _move(box: Floats, start: Floats, there: Floats, error: Floats) -> Floats | None:
    """Returns the box, moved and scaled as its points were; None if the points do not agree."""
    side = float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
    if not np.median(error) <= max(1.0, _MAX_RETURN_ERROR * side):
        return None
    best = error <= np.median(error)
    start, there = start[best], there[best]
    apart_before, apart_after = _distances(start), _distances(there)
    far = apart_before > side / 4  # between near points the error of the flow would look like growth
    growth = float(np.median(apart_after[far] / apart_before[far])) if far.any() else 1.0
    if not 1 / _MAX_GROWTH <= growth <= _MAX_GROWTH:
        return None
    shift = np.median(there - start, axis=0)
    # The points kept need not be even around the box's centre, and growth moves them away from it.
    shift -= (growth - 1) * (np.median(start, axis=0) - (box[:2] + box[2:]) / 2)
    centre, half = (box[:2] + box[2:]) / 2 + shift, (box[2:] - box[:2]) / 2 * growth
    moved: Floats = np.concatenate([centre - half, centre + half])
    return moved


def _distances(points: Floats) -> Floats:
    """Returns the distance of each pair of points [G * (G - 1) / 2]."""
    first, second = np.triu_indices(len(points), k=1)
    apart: Floats = np.linalg.norm(points[first] - points[second], axis=1)
    return apart
