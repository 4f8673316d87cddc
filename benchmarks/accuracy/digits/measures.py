"""Measures of generated digits: the Frechet distance, whether two digits are read at once, the nearest real digit."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Numbers = NDArray[np.float64]

PAIRS = tuple(combinations(range(10), 2))

PLAINLY_ONE = 0.95
"""If one digit is more probable than this, the picture is not a blend."""


def frechet_distance(first: Numbers, second: Numbers) -> float:
    """Returns the squared Frechet distance of two normal distributions with the means and covariances of [N, D].

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, equation 6.
    """
    means = first.mean(axis=0) - second.mean(axis=0)
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = _root(a)
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()  # trace of the root of a b
    return float(means @ means + np.trace(a) + np.trace(b) - 2 * between)


def both_first(probabilities: Numbers, pair: tuple[int, int]) -> NDArray[np.bool_]:
    """Returns [N]: whether the two most probable digits of [N, 10] are the requested pair."""
    best = np.sort(np.argsort(probabilities, axis=1)[:, -2:], axis=1)
    both: NDArray[np.bool_] = (best == sorted(pair)).all(axis=1)
    return both


def nearest(images: Images, others: Images) -> tuple[NDArray[np.intp], Numbers]:
    """Returns for each picture the index of the nearest other one, and the distance, as `mean_distance` measures it."""
    flat, flat_others = (array.reshape(len(array), -1) / 255 for array in (images, others))
    squares = (flat**2).sum(axis=1)[:, None] + (flat_others**2).sum(axis=1) - 2 * flat @ flat_others.T
    index = squares.argmin(axis=1)
    return index, np.sqrt(np.maximum(squares[np.arange(len(flat)), index], 0))


def _root(matrix: Numbers) -> Numbers:
    """Returns the root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    root: Numbers = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
