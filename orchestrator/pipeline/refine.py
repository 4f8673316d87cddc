"""Crops of candidates, and the scores and offsets of rnet and onet (MTCNN, stages 2 and 3)."""

import cv2
import numpy as np

from exporters.signatures import PIXEL_UNIT
from orchestrator.pipeline.boxes import clip, shift_edges, squares, suppress
from orchestrator.predict.predictor import Arrays
from orchestrator.types import Candidates, Detections, FineImage, Floats

_OUTSIDE = (127.5 * PIXEL_UNIT,) * 3
"""Colour beyond the image's border: the networks' zero."""

_FAR_OUTSIDE = -100.0
"""A coordinate whose neighbourhood is wholly outside, so that border pixels are not blended with `_OUTSIDE`."""

_CROPS_A_ROW = 32
"""Crops drawn side by side, since OpenCV draws at most 32,767 rows."""

_RNET_IOU = 0.7
_ONET_OVERLAP = 0.7


def cut_crops(image: FineImage, boxes: Floats, side_px: int) -> FineImage:
    """Returns each box of the image as a square crop, uint16 [N, side_px, side_px, 3].

    The first and last sample of a row or column lie on the box's edges, and each is blended from
    the four pixels around it without averaging over the area between samples: what TensorFlow's
    crop_and_resize does, which the networks' thresholds were chosen with.
    """
    count = len(boxes)
    if not count:
        return np.empty((0, side_px, side_px, 3), np.uint16)
    rows = -(-count // _CROPS_A_ROW)
    spare = rows * _CROPS_A_ROW - count
    boxes = np.concatenate([boxes, np.zeros((spare, 4), np.float32)])
    height, width = image.shape[:2]
    x = _samples(boxes[:, 0], boxes[:, 2], width, side_px)  # [N, side]
    y = _samples(boxes[:, 1], boxes[:, 3], height, side_px)
    # One map [rows * side, 32 * side] of where each pixel of each crop comes from.
    shape = (rows, _CROPS_A_ROW, side_px, side_px)
    map_x = np.broadcast_to(x.reshape(rows, _CROPS_A_ROW, 1, side_px), shape)
    map_y = np.broadcast_to(y.reshape(rows, _CROPS_A_ROW, side_px, 1), shape)
    sheet = (rows * side_px, _CROPS_A_ROW * side_px)
    drawn = cv2.remap(
        image,
        map_x.swapaxes(1, 2).reshape(sheet),
        map_y.swapaxes(1, 2).reshape(sheet),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_OUTSIDE,
    )
    crops = drawn.reshape(rows, side_px, _CROPS_A_ROW, side_px, 3).swapaxes(1, 2)
    return np.ascontiguousarray(crops.reshape(-1, side_px, side_px, 3)[:count], dtype=np.uint16)


def pass_rnet(candidates: Candidates, outputs: Arrays, *, threshold: float) -> Candidates:
    """Returns the candidates that rnet scores above `threshold`, moved by its offsets, as squares, best first.

    Args:
        candidates: What the crops were cut from.
        outputs: Of rnet for these crops.
        threshold: Range [0, 1].
    """
    moved = Candidates(shift_edges(candidates.boxes, outputs["offsets"]), outputs["scores"])
    moved = moved.take(moved.scores > threshold)
    best = suppress(moved.boxes, moved.scores, threshold=_RNET_IOU, by="union")
    moved = moved.take(best)
    return Candidates(squares(moved.boxes), moved.scores)


def pass_onet(candidates: Candidates, outputs: Arrays, image: FineImage, *, threshold: float) -> Detections:
    """Returns the faces: candidates that onet scores above `threshold`, with landmarks, best first.

    Args:
        candidates: What the crops were cut from.
        outputs: Of onet for these crops.
        image: The image; boxes are clipped to it.
        threshold: Range [0, 1].
    """
    boxes = shift_edges(candidates.boxes, outputs["offsets"])
    scores = outputs["scores"]
    # Landmarks are relative to the crop, not to the box that comes out of it. The ones are the
    # authors' (Matlab) counting of pixels.
    corner = candidates.boxes[:, None, :2]  # [N, 1, 2]
    sides = candidates.boxes[:, None, 2:] - corner + 1
    landmarks = outputs["landmarks"] * sides + corner - 1  # [N, 5, 2]
    sure = np.flatnonzero(scores > threshold)
    sure = sure[suppress(boxes[sure], scores[sure], threshold=_ONET_OVERLAP, by="minimum")]
    height, width = image.shape[:2]
    return Detections(clip(boxes[sure], width_px=width, height_px=height), scores[sure], landmarks[sure])


def _samples(low: Floats, high: Floats, length_px: int, count: int) -> Floats:
    """Returns `count` coordinates from `low` to `high` [N, count]; beyond the image they are `_FAR_OUTSIDE`.

    An edge at `length_px` means the centre of the last pixel, as in crop_and_resize.
    """
    step = np.linspace(0, 1, count, dtype=np.float32)
    at = (low[:, None] + (high - low)[:, None] * step) * np.float32((length_px - 1) / length_px)
    return np.where((at >= 0) & (at <= length_px - 1), at, np.float32(_FAR_OUTSIDE)).astype(np.float32)
