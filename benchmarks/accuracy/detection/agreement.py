"""The agreement of two detectors on a picture."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from orchestrator.pipeline.boxes import overlaps
from orchestrator.types import Detections, Floats

MIN_SCORE = 0.9
"""Least score of a face of the reference that must be found."""
MIN_IOU = 0.9
MAX_LANDMARK_ERROR = 0.03
"""Mean distance of the five points, in eye distances of the reference."""


@dataclass(frozen=True)
class FaceDifference:
    """A face of the reference that the other detector does not find equally."""

    picture: str
    box: Floats
    """[4]: of the reference."""
    score: float
    iou: float
    """With the nearest face that was found; 0 if none overlaps."""
    landmark_error: float
    """Of that face; infinite if none overlaps."""


def sure_faces(reference: Detections) -> Detections:
    """Returns the faces that must be found."""
    keep = reference.scores >= MIN_SCORE
    return Detections(reference.boxes[keep], reference.scores[keep], reference.landmarks[keep])


def landmark_errors(points: Floats, truth: Floats) -> Floats:
    """Returns the mean distance of points [N, 5, 2] from the true ones [5, 2], in true eye distances [N]."""
    eyes = np.hypot(*(truth[0] - truth[1]))
    errors: Floats = np.hypot(*np.moveaxis(points - truth, 2, 0)).mean(axis=1) / eyes
    return errors


def differences(picture: str, reference: Detections, found: Detections) -> list[FaceDifference]:
    """Returns the faces that must be found and that no face of `found` equals within the bounds above."""
    expected = sure_faces(reference)
    pairs = overlaps(expected.boxes, found.boxes, by="union")  # [N, M]
    differing = []
    for box, score, points, ious in zip(expected.boxes, expected.scores, expected.landmarks, pairs, strict=True):
        errors = landmark_errors(found.landmarks, points)
        if not ((ious >= MIN_IOU) & (errors <= MAX_LANDMARK_ERROR)).any():
            nearest = int(ious.argmax()) if len(ious) else -1
            overlapped = nearest >= 0 and ious[nearest] > 0
            iou, error = (float(ious[nearest]), float(errors[nearest])) if overlapped else (0.0, float("inf"))
            differing.append(FaceDifference(picture, box, float(score), iou, error))
    return differing


def share(count: int, of: int) -> float:
    """Returns `count` of `of` as a fraction; 1 of none."""
    return count / of if of else 1.0


def count_sure(references: Iterable[Detections]) -> int:
    """Returns how many faces must be found in all pictures together."""
    return sum(len(sure_faces(reference)) for reference in references)
