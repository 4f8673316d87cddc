"""Names the faces of a picture; no two faces get the same subject."""

from collections.abc import Sequence

import numpy as np

from orchestrator.pipeline.assignment import best_pairs

_AT_THRESHOLD = 1e-12
"""Gain of a pair exactly at the threshold; a pair without gain would not be made."""


def name_faces(candidates: Sequence[Sequence[tuple[str, float]]], *, threshold: float) -> list[str | None]:
    """Returns the subject of each face, None for unknown people.

    Of all ways to give faces the subjects that are near enough, one subject to one face, the one with the greatest sum
    of threshold less distance is taken. If two faces are nearest to the same subject, the nearer one gets it, unless
    the other has no second subject and the nearer one has a good one.

    Args:
        candidates: For each face the nearest subjects with their distances. With N faces, the N nearest subjects
            of each suffice.
        threshold: Greatest distance at which a face is named.
    """
    subjects = sorted({subject for near in candidates for subject, _ in near})
    column = {subject: index for index, subject in enumerate(subjects)}
    gains = np.zeros((len(candidates), len(subjects)))
    for row, near in enumerate(candidates):
        for subject, distance in near:
            if distance <= threshold:
                gains[row, column[subject]] = threshold - distance + _AT_THRESHOLD
    names: list[str | None] = [None] * len(candidates)
    for row, index in best_pairs(gains) if subjects else ():
        names[row] = subjects[index]
    return names
