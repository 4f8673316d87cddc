"""Finds the subjects nearest to vectors."""

import math
from typing import TYPE_CHECKING

from orchestrator.gallery.index import query
from orchestrator.gallery.types import Match, Matches
from orchestrator.types import Floats

if TYPE_CHECKING:
    from lance import LanceDataset

_FIRST_FACES = 16
"""Faces fetched at first; several may be of one subject."""


def search(dataset: "LanceDataset", vectors: Floats, k: int) -> list[Matches]:
    """Returns the `k` nearest subjects for each vector, fewer where there are fewer.

    Args:
        dataset: Faces of one embedder version.
        vectors: [N, dimension].
        k: At least 1.
    """
    return [_subjects(dataset, vector, k) for vector in vectors]


def nearest_faces(dataset: "LanceDataset", vector: Floats, count: int) -> list[Match]:
    """Returns the `count` nearest faces, nearest first.

    Args:
        dataset: Faces of one embedder version.
        vector: [dimension].
        count: At least 1.
    """
    found = dataset.to_table(
        columns=["subject", "face_id", "_distance"],
        nearest=query(vector, count),
    )
    # The engine gives the square of the distance.
    return [Match(row["subject"], row["face_id"], math.sqrt(max(row["_distance"], 0.0))) for row in found.to_pylist()]


def _subjects(dataset: "LanceDataset", vector: Floats, k: int) -> Matches:
    needed = max(k, 2)  # the second for the margin
    count = max(_FIRST_FACES, 2 * needed)
    while True:
        faces = nearest_faces(dataset, vector, count)
        best: dict[str, Match] = {}
        for face in faces:  # nearest first
            best.setdefault(face.subject, face)
        if len(best) >= needed or len(faces) < count:
            break
        count *= 4  # many faces of one subject came before the next subject
    ranked = sorted(best.values(), key=lambda match: (match.distance, match.subject))
    margin = ranked[1].distance - ranked[0].distance if len(ranked) > 1 else None
    return Matches(tuple(ranked[:k]), margin)
