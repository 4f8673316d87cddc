"""Rates of right and wrong answers by the distance of vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.floating]


@dataclass(frozen=True)
class Comparisons:
    """Pairs of pictures with their distances."""

    distances: Distances
    """[N]; ignored if a face was missed."""
    same: NDArray[np.bool_]
    """[N]: whether both show the same person."""
    folds: NDArray[np.int_]
    """[N]: the fold of each pair."""
    missed: NDArray[np.bool_]
    """[N]: pairs with a picture in which no face was found."""


def fold_accuracies(pairs: Comparisons) -> tuple[list[float], list[float]]:
    """Returns for each fold the accuracy, and the threshold, which is chosen on the others.

    A pair with a missed face counts as wrong (LFW View 2: Huang et al., 2007, section 4).
    """
    accuracies, thresholds = [], []
    for fold in np.unique(pairs.folds):
        inside, seen = pairs.folds == fold, ~pairs.missed
        threshold = best_threshold(pairs.distances[~inside & seen], pairs.same[~inside & seen])
        right = ((pairs.distances <= threshold) == pairs.same) & seen
        accuracies.append(float(right[inside].mean()))
        thresholds.append(threshold)
    return accuracies, thresholds


def best_threshold(distances: Distances, same: NDArray[np.bool_]) -> float:
    """Returns the threshold with the most right answers: the middle of the widest gap of distances that has them."""
    order = np.argsort(distances, kind="stable")
    at, hits = distances[order], same[order]
    # After the k nearest pairs: those of them that are the same, and the others that are not.
    right = np.concatenate([[0], np.cumsum(hits)]) + np.concatenate([np.cumsum(~hits[::-1])[::-1], [0]])
    edges = np.concatenate([at[:1] - 1, at, at[-1:] + 1])
    gaps = np.diff(edges)
    right = np.where(gaps > 0, right, -1)  # no threshold lies between equal distances
    best = int(np.argmax(np.where(right == right.max(), gaps, -1)))
    return float((edges[best] + edges[best + 1]) / 2)


def other_people(vectors: NDArray[np.float32], people: Sequence[str]) -> NDArray[np.float32]:
    """Returns the distances of all pairs of vectors [N, D] of different people, ascending."""
    names = np.array(people)
    found = []
    for index in range(len(vectors) - 1):
        others = vectors[index + 1 :][names[index + 1 :] != names[index]]
        found.append(np.linalg.norm(others - vectors[index], axis=1))
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.float32)


def share_within(distances: Distances, thresholds: Distances) -> Distances:
    """Returns the share of ascending distances that are at most each threshold."""
    counts: Distances = np.searchsorted(distances, thresholds, side="right") / max(len(distances), 1)
    return counts


def nearest_person(
    gallery: NDArray[np.float32], names: Sequence[str], probes: NDArray[np.float32]
) -> list[tuple[str, float]]:
    """Returns the nearest person of a gallery [G, D] for each probe [P, D], and the distance."""
    between = np.linalg.norm(probes[:, None] - gallery[None], axis=2)  # [P, G]
    nearest = between.argmin(axis=1)
    return [(names[index], float(row[index])) for index, row in zip(nearest, between, strict=True)]
