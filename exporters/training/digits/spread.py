"""A factor of the noise with which generated digits differ as much as real ones do.

A generator that is the average over many steps draws digits that are more alike than those of a single step. Noise
that is multiplied by a little more than 1 makes up for it. The factor is part of the first layer's weights, so callers
need not know it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import LABELS, NOISE_DIM
from exporters.training.digits.mnist import Digits
from exporters.weights.arrays import Weights

Sample = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Noise [N, NOISE_DIM] and labels [N, LABELS] -> pictures [N, 28, 28, 1] from -1 to 1."""

SPREADS = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4)

WANTED = 0.915
"""Wanted share of the mean distance of two real digits, for each of the ten: 0.9 and a margin for chance. Two thousand
real digits differ by 1.3 % from two thousand others (docs/accuracy.md)."""

_A_DIGIT = 500


def enough_spread(sample: Sample, digits: Digits, *, seed: int) -> float:
    """Returns the smallest of `SPREADS` with which every digit is varied enough; the largest if none suffices."""
    noise = np.random.default_rng(seed).standard_normal((_A_DIGIT, NOISE_DIM)).astype(np.float32)
    real = [mean_distance(digits.images[digits.labels == label][:_A_DIGIT]) for label in range(LABELS)]
    for spread in SPREADS:
        made = (mean_distance(_made(sample, label, noise * np.float32(spread))) for label in range(LABELS))
        if all(one >= WANTED * other for one, other in zip(made, real, strict=True)):
            return spread
    return SPREADS[-1]


def with_spread(generator: Weights, spread: float) -> Weights:
    """Returns the generator's weights with the factor of the noise included."""
    first = dict(generator["deconv1"])
    factors = np.ones(NOISE_DIM + LABELS, np.float32)
    factors[:NOISE_DIM] = spread
    first["kernel"] = first["kernel"] * factors  # channels in, the last dimension, are noise and labels
    return {**generator, "deconv1": first}


def mean_distance(images: NDArray[Any]) -> float:
    """Returns the mean Euclidean distance of all pairs among [N, 28, 28], 0 to 255, in grey levels from 0 to 1."""
    flat = images.reshape(len(images), -1) / 255
    squares = (flat**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0))
    return float(distances[np.triu_indices(len(flat), 1)].mean())


def _made(sample: Sample, label: int, noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the digits of a label that noise makes, [N, 28, 28], 0 to 255."""
    labels = np.zeros((len(noise), LABELS), np.float32)
    labels[:, label] = 1.0
    return (np.asarray(sample(noise, labels))[..., 0] + 1) * 127.5
