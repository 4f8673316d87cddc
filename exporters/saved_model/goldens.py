"""Known answers of the published networks to inputs that need no file.

A comparison of an export with the network it was written from cannot show that the network is built wrongly; these
answers can. Some mistakes would not be noticed otherwise: exchanging red and blue moves a vector of the embedder less
than another crop of the same face does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Golden:
    """An input of the default signature, and some numbers of its only output."""

    name: str
    picture: NDArray[Any]
    """The input, without the batch dimension."""
    first: Sequence[float]
    last: Sequence[float]
    norm: float
    """Euclidean norm of the whole output."""


GOLDEN_TOLERANCE = 5e-6
"""Largest difference of a number: the answers below have six decimals, and dlib adds in another order."""


def dlib_resnet_goldens() -> tuple[Golden, ...]:
    """Returns what dlib 20.0.1 answers with the published weights (compute_face_descriptor, without jitter)."""
    slope = _slope()
    return (
        Golden(
            "slope",
            slope,
            (-0.050978, 0.120987, 0.060109, 0.014236, -0.055703, -0.046085, -0.077943, -0.007109),
            (-0.044851, -0.017063),
            1.306328,
        ),
        Golden(
            "slope, blue first",
            slope[..., ::-1],
            (-0.044965, 0.112152, 0.058067, 0.010464, -0.033250, -0.065511, -0.082104, -0.003574),
            (-0.029751, -0.009547),
            1.287675,
        ),
        Golden(
            "black",
            np.zeros_like(slope),
            (-0.039917, 0.104916, 0.090823, -0.008848, -0.079607, -0.042521, -0.053688, 0.000145),
            (-0.054415, -0.000889),
            1.306646,
        ),
        Golden(
            "grey",
            np.full_like(slope, 128),
            (-0.039053, 0.122813, 0.053047, -0.007810, -0.091093, -0.036209, -0.088954, -0.035617),
            (-0.090303, -0.006188),
            1.342806,
        ),
    )


def _slope() -> NDArray[np.uint8]:
    """Returns a chip whose red grows to the right, green downwards, and blue along the diagonal."""
    y, x = np.mgrid[:150, :150]
    return np.stack([x * 255 // 149, y * 255 // 149, (x + y) * 255 // 298], axis=-1).astype(np.uint8)
