"""Pairs of faces by which a training is watched: are they of one person?"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.errors import TrainingError


@dataclass(frozen=True)
class Pairs:
    """Chips, and which of them are compared."""

    chips: NDArray[np.uint8]
    """[N, S, S, 3]."""
    first: NDArray[np.int_]
    """[P], the index of a chip, -1 where no face was found in the picture: such a pair is judged wrongly."""
    second: NDArray[np.int_]
    """[P], the same."""
    same: NDArray[np.bool_]
    """[P], whether both are of one person."""
    fold: NDArray[np.int_]
    """[P], the part of the set; each part's threshold is chosen on the others."""
    people: NDArray[np.str_]
    """[Q], the names of all who are in the pairs, as where training takes its faces from."""

    def accuracy(self, vectors_of: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> float:
        """Returns the mean over the folds of the share of pairs that vectors judge rightly."""
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
        TrainingError: It is absent, or something else; or its chips are of another size.
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
    """Returns the distance at which most pairs are judged rightly: of one person up to it, else of two."""
    order = np.argsort(distances, kind="stable")
    right = np.cumsum(np.where(same[order], 1, -1))
    return float(distances[order][right.argmax()])
