"""Pairs of faces to watch a training by: does the network tell whether both are of one person?"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.errors import TrainingError


@dataclass(frozen=True)
class Pairs:
    """Chips, and the pairs of them to compare."""

    chips: NDArray[np.uint8]
    """[N, S, S, 3]."""
    first: NDArray[np.int_]
    """[P], the index of a chip; -1 if no face was found in the picture: such a pair counts as wrong."""
    second: NDArray[np.int_]
    """[P], the same."""
    same: NDArray[np.bool_]
    """[P], whether both are of one person."""
    fold: NDArray[np.int_]
    """[P], the part of the set; the threshold for a part is chosen on the others."""
    people: NDArray[np.str_]
    """[Q], the names of all people in the pairs, as in the training data."""

    def accuracy(self, vectors_of: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> float:
        """Returns the accuracy of the pairs, the mean over the folds."""
        vectors = vectors_of(self.chips)
        seen = (self.first >= 0) & (self.second >= 0)
        distances = np.where(seen, np.linalg.norm(vectors[self.first] - vectors[self.second], axis=1), np.inf)
        shares = []
        for fold in np.unique(self.fold):
            inside = self.fold == fold
            threshold = _best(distances[~inside & seen], self.same[~inside & seen])
            shares.append(np.mean(((distances <= threshold) == self.same)[inside] & seen[inside]))
        return float(np.mean(shares))


def load_pairs(file: Path, *, chip_px: int) -> Pairs:
    """Returns the pairs of a file with an array for each field of `Pairs` (`pair_chips` writes one).

    Raises:
        TrainingError: The file is absent or not such a file, or its chips are of another size.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            pairs = Pairs(**{name: arrays[name] for name in Pairs.__annotations__})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as err:
        raise TrainingError(
            f"{file} is not a readable file of pairs ({err}): python -m benchmarks.training.pair_chips"
        ) from err
    if pairs.chips.shape[1:] != (chip_px, chip_px, 3):
        raise TrainingError(f"{file}: chips are {pairs.chips.shape}, expected (N, {chip_px}, {chip_px}, 3)")
    return pairs


def _best(distances: NDArray[np.floating], same: NDArray[np.bool_]) -> float:
    """Returns the threshold with the most right answers: one person up to it, two people above it."""
    order = np.argsort(distances, kind="stable")
    right = np.cumsum(np.where(same[order], 1, -1))
    return float(distances[order][right.argmax()])
