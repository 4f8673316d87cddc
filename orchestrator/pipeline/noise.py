"""The normal random numbers of a seed: the same on every machine and in every release.

numpy guarantees the bits of its Philox generator, but not the numbers that its distributions make of them (NEP 19). So
the step from bits to numbers is written here.
"""

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import NOISE_DIM
from orchestrator.types import Floats

MAX_SEED = 2**63 - 1
"""The greatest signed integer of 64 bits, which every language has."""

TRUNCATION_RANGE = (0.5, 10.0)
"""Below this range most numbers would be drawn again and again; above it none is, since 53 bits give at most 8.6."""

_NUMBERS_OF_A_BLOCK = 4
"""Numbers that Philox makes of one value of its counter."""


def noise_of(seed: int, first: int, count: int, *, truncation: float | None = None) -> Floats:
    """Returns the noise of pictures `first` to `first + count - 1` of a seed, float32 [count, NOISE_DIM].

    A row depends on the seed, the picture's number and the truncation alone.

    Args:
        seed: Range [0, MAX_SEED].
        first: At least 0.
        count: At least 1.
        truncation: Numbers farther from 0 are drawn again until none is left, in TRUNCATION_RANGE; None: no bound.
    """
    noise = _draw(seed, 0, first, count)
    attempt = 0
    while truncation is not None and (outside := np.abs(noise) > truncation).any():
        attempt += 1
        noise = np.where(outside, _draw(seed, attempt, first, count), noise)
    return noise


def _draw(seed: int, attempt: int, first: int, count: int) -> Floats:
    """Returns standard normal numbers: two of the Box-Muller method (1958) from each two words of 64 bits."""
    blocks = first * NOISE_DIM // _NUMBERS_OF_A_BLOCK
    bits = np.random.Philox(key=np.array([seed, attempt], np.uint64), counter=blocks)
    words = bits.random_raw(count * NOISE_DIM).reshape(count, NOISE_DIM // 2, 2)
    uniform = _uniform(words)
    radius = np.sqrt(-2.0 * np.log(uniform[..., 0]))
    angle = 2.0 * np.pi * uniform[..., 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)  # [count, NOISE_DIM / 2, 2]
    return pairs.reshape(count, NOISE_DIM).astype(np.float32)


def _uniform(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Returns the upper 53 bits as numbers in (0, 1]: of 0 there is no logarithm."""
    return ((words >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53
