"""Training pictures that are two digits at once.

Each lies between a digit and the most similar one of many digits of the second label (`barycenters.py`), at the place
where the readers are least sure which of the two it is. For each pair of labels the most undecided pictures are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import LABELS
from exporters.training.digits.barycenters import between
from exporters.training.digits.mnist import Digits
from exporters.training.digits.readers import Reader, read

PAIRS = tuple(combinations(range(LABELS), 2))

_SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)
_CANDIDATES = 400
"""Pictures of the second label among which the most similar one is searched."""
_KEPT_SHARE = 0.4


@dataclass(frozen=True)
class Blends:
    """Pictures of two digits at once."""

    images: NDArray[np.uint8]
    """[N, 28, 28], 0 black to 255 white."""
    labels: NDArray[np.float32]
    """[N, 10], 0.5 at each of the two digits."""
    undecided: NDArray[np.float32]
    """[N], the readers' probability of the less likely of the two, 0 to 0.5."""


def make_blends(
    digits: Digits,
    readers: Sequence[Reader],
    *,
    seed: int,
    pair_count: int,
    on_pair: Callable[[float], None] = lambda _: None,
) -> Blends:
    """Returns the same number of blends for each of the 45 pairs of digits.

    Args:
        digits: The digits to blend.
        readers: They judge how undecided a blend is.
        seed: Of the choice of pictures.
        pair_count: Number of blends of one pair.
        on_pair: Called after each pair with the mean of its `Blends.undecided`.
    """
    parts = []
    for pair in PAIRS:
        part = _of_pair(digits, readers, pair, np.random.default_rng([seed, *pair]), pair_count)
        on_pair(float(part.undecided.mean()))
        parts.append(part)
    return Blends(*(np.concatenate([getattr(part, name) for part in parts]) for name in Blends.__annotations__))


def _of_pair(
    digits: Digits, readers: Sequence[Reader], pair: tuple[int, int], rng: np.random.Generator, count: int
) -> Blends:
    made = round(count / _KEPT_SHARE)
    first = _some(digits, pair[0], made, rng)
    second = _nearest(first, _some(digits, pair[1], _CANDIDATES, rng))
    tried = np.concatenate([between(first, second, np.full(made, share)) for share in _SHARES])
    undecided = _undecided(readers, tried, pair).reshape(len(_SHARES), made)
    best = undecided.argmax(axis=0)
    pictures = tried.reshape(len(_SHARES), made, *tried.shape[1:])[best, np.arange(made)]
    kept = np.argsort(-undecided.max(axis=0), kind="stable")[:count]
    labels = np.zeros((count, LABELS), np.float32)
    labels[:, pair] = 0.5
    return Blends(np.round(pictures[kept] * 255).astype(np.uint8), labels, undecided.max(axis=0)[kept])


def _some(digits: Digits, label: int, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    chosen = rng.choice(np.flatnonzero(digits.labels == label), count)
    images: NDArray[np.uint8] = digits.images[chosen]
    return images.astype(np.float32) / np.float32(255)


def _nearest(pictures: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns for each picture the other one with the least sum of squared differences."""
    flat, flat_others = (array.reshape(len(array), -1) for array in (pictures, others))
    squares = (flat_others**2).sum(axis=1) - 2 * flat @ flat_others.T  # [N, M], but for the pictures' own squares
    most_similar: NDArray[np.float32] = others[squares.argmin(axis=1)]
    return most_similar


def _undecided(readers: Sequence[Reader], pictures: NDArray[np.float32], pair: tuple[int, int]) -> NDArray[np.float32]:
    probabilities = read(readers, pictures[..., None] * 2 - 1)
    least: NDArray[np.float32] = probabilities[:, pair].min(axis=1)
    return least
