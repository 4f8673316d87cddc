"""The evidence for who a track is: the best samples of one face, and their mean vector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporters.signatures import FIVE_POINTS, TEMPLATES
from orchestrator.types import Floats

MAX_SAMPLES = 10
"""Samples kept. On a stage clip the mean of ten was 0.35 from its person's portrait, single samples 0.49 in the median,
and more than ten gained nothing (docs/accuracy.md)."""

_FRONTAL = np.array(TEMPLATES[FIVE_POINTS])
"""The five points of a face seen from the front; their unit does not matter here."""

_TURNED = 0.1
"""Mean distance from `_FRONTAL`, in distances of its eyes, at which a sample counts half. Faces that look at the
camera are at 0.02 to 0.05, profiles at 0.15 to 0.2."""

_SMALL_PX = 40.0
"""Side of a face that counts half; a chip of 150 pixels then shows a fourth of its detail."""


@dataclass(frozen=True)
class FaceSample:
    """One picture of a face, as its vector."""

    frame: int
    """The caller's number of the frame."""
    quality: float
    """Range [0, 1]; see `quality_of`."""
    vector: Floats
    """[D], from the embedder."""


class Evidence:
    """The best samples of one track.

    Args:
        unit: Whether vectors, and so their mean, have length 1.
    """

    def __init__(self, *, unit: bool) -> None:
        self._unit = unit
        self._samples: list[FaceSample] = []

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, sample: FaceSample) -> None:
        """Keeps the sample, if it is among the best."""
        self._samples = sorted([*self._samples, sample], key=lambda p: -p.quality)[:MAX_SAMPLES]

    def frames(self) -> tuple[int, ...]:
        """Returns the numbers of the samples' frames, best sample first."""
        return tuple(sample.frame for sample in self._samples)

    def vector(self) -> Floats:
        """Returns the mean of the samples' vectors [D], weighted by quality; there must be a sample."""
        return mean_vector(self._samples, unit=self._unit)


def mean_vector(samples: Sequence[FaceSample], *, unit: bool) -> Floats:
    """Returns the mean of the vectors [D], weighted by quality, and scaled to length 1 if `unit`."""
    weights = [max(sample.quality, 1e-6) for sample in samples]
    mean = np.average([sample.vector for sample in samples], axis=0, weights=weights)
    if unit:
        mean /= max(float(np.linalg.norm(mean)), 1e-12)
    return np.asarray(mean, dtype=np.float32)


def quality_of(boxes: Floats, scores: Floats, landmarks: Floats) -> Floats:
    """Returns the quality of each face [N], range [0, 1]; large faces with a high score, seen from the front, are best.

    Args:
        boxes: [N, 4], in pixels.
        scores: [N], range [0, 1].
        landmarks: [N, 5, 2], in pixels.
    """
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).min(axis=1)
    large = 1 - 0.5 ** (sides / _SMALL_PX)
    frontal = 0.5 ** (turned(landmarks) / _TURNED)
    quality: Floats = (scores * large * frontal).astype(np.float32)
    return quality


def turned(landmarks: Floats) -> Floats:
    """Returns how far each face's points are from a frontal face's [N], in distances of its eyes; 0 is frontal.

    The points are laid onto `_FRONTAL` by the similarity of least squares, and their mean distance to it is taken.
    Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991), in
    the plane, where a rotation with a scale is a product of complex numbers.
    """
    points = landmarks.astype(np.float64) @ np.array([1, 1j])  # [N, 5]
    frontal = _FRONTAL @ np.array([1, 1j])
    frontal = frontal - frontal.mean()
    points = points - points.mean(axis=1, keepdims=True)
    spread = (np.abs(points) ** 2).sum(axis=1)
    factor = (points.conj() * frontal).sum(axis=1) / np.maximum(spread, 1e-12)
    eyes = abs(frontal[1] - frontal[0])
    distance: Floats = (np.abs(points * factor[:, None] - frontal).mean(axis=1) / eyes).astype(np.float32)
    return distance
