"""The score of detected faces against faces marked by people.

The rules: a detected face counts for the marked face that it overlaps most, with an IoU of at least 0.5. Each marked
face counts once, for the best score. Ignored faces are not scored. If not every face of a picture is marked, an
unmatched detection is not false.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.detection.agreement import landmark_errors
from benchmarks.accuracy.detection.dataset import EvaluationPicture
from orchestrator.pipeline.boxes import overlaps
from orchestrator.types import Detections

_MIN_IOU = 0.5


@dataclass(frozen=True)
class BoxScore:
    """The result of a set with marked boxes."""

    found: int
    marked: int
    false: int
    average_precision: float
    """Area under the precision-recall curve, precision made monotone (PASCAL VOC 2010); NaN without marked faces."""


@dataclass(frozen=True)
class PointScore:
    """The result of a set with marked points."""

    mean_error: float
    """Mean distance of the five points in eye distances, over the faces found."""
    missed: int
    faces: int


def score_boxes(pictures: Sequence[EvaluationPicture], found: Sequence[Detections]) -> BoxScore:
    """Returns how the faces `found` in the pictures compare with the marked ones."""
    marked = sum(int((~picture.ignored).sum()) for picture in pictures)
    judged = [_judge(picture, faces) for picture, faces in zip(pictures, found, strict=True)]
    scores = np.concatenate([scores for scores, _ in judged] or [np.empty(0, np.float32)])
    right = np.concatenate([right for _, right in judged] or [np.empty(0, bool)])
    right = right[np.argsort(-scores, kind="stable")]
    return BoxScore(int(right.sum()), marked, int((~right).sum()), _average_precision(right, marked))


def without_small(picture: EvaluationPicture) -> EvaluationPicture:
    """Returns the picture with its faces of less than 20 px to be ignored."""
    return replace(picture, ignored=picture.ignored | picture.small)


def score_points(pictures: Sequence[EvaluationPicture], found: Sequence[Detections]) -> PointScore:
    """Returns how near the points of the nearest face are to the marked ones; each picture has one marked face."""
    errors = []
    for picture, faces in zip(pictures, found, strict=True):
        if picture.landmarks is not None and len(faces):
            errors.append(float(landmark_errors(faces.landmarks, picture.landmarks.astype(np.float32)).min()))
    mean = float(np.mean(errors)) if errors else float("nan")
    return PointScore(mean, len(pictures) - len(errors), len(pictures))


def _judge(picture: EvaluationPicture, faces: Detections) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the scores of the faces that count, and whether each is right."""
    pairs = overlaps(faces.boxes, picture.boxes.astype(np.float32), by="union")  # [N, M]
    taken = np.zeros(len(picture.boxes), bool)
    scores, right = [], []
    for index in np.argsort(-faces.scores, kind="stable"):
        fits = (pairs[index] >= _MIN_IOU) & ~picture.ignored & ~taken
        if fits.any():
            taken[np.where(fits, pairs[index], -1).argmax()] = True
        elif not picture.complete or (pairs[index][picture.ignored] >= _MIN_IOU).any():
            continue
        scores.append(faces.scores[index])
        right.append(bool(fits.any()))
    return np.array(scores, np.float32), np.array(right, bool)


def _average_precision(right: NDArray[np.bool_], marked: int) -> float:
    if not marked:
        return float("nan")
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[right].sum() / marked)
