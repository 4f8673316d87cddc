"""Adds new faces, unless the table has them already."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from facegrid.errors import AlreadyEnrolled
from orchestrator.gallery.rows import face_rows
from orchestrator.gallery.search import nearest_faces
from orchestrator.gallery.tables import LanceTable
from orchestrator.gallery.types import EmbedderVersion, Match, NewFace

if TYPE_CHECKING:
    from lance import LanceDataset

SAME_PICTURE_DISTANCE = 1e-3
"""Vectors nearer than this come from the same face of the same picture. Batching moves a vector by 1e-6; compressing
the picture once more moves it by 1e-2."""


def enroll(
    table: LanceTable, subject: str, faces: Sequence[NewFace], embedder: EmbedderVersion, *, now: datetime
) -> list[str | AlreadyEnrolled]:
    """Appends the faces that the table lacks, and returns an id or the reason for each.

    The caller holds the gallery's lock.
    """
    present = table.read(lambda dataset: [_same(dataset, face) for face in faces])
    rows = face_rows(subject, faces, embedder, now)
    face_ids: list[str] = rows["face_id"].to_pylist()
    taken: list[int] = []
    results: list[str | AlreadyEnrolled] = []
    for index, face in enumerate(faces):
        same = present[index] or _same_among(face, [(faces[other], face_ids[other]) for other in taken], subject)
        if same is None:
            taken.append(index)
        results.append(face_ids[index] if same is None else _already(same))
    if taken:
        table.append(rows.take(taken))
    return results


def _same(dataset: "LanceDataset", face: NewFace) -> Match | None:
    nearest = nearest_faces(dataset, face.vector, 1)
    return nearest[0] if nearest and nearest[0].distance < SAME_PICTURE_DISTANCE else None


def _same_among(face: NewFace, others: list[tuple[NewFace, str]], subject: str) -> Match | None:
    for other, face_id in others:
        distance = float(np.linalg.norm(np.subtract(face.vector, other.vector, dtype=np.float64)))
        if distance < SAME_PICTURE_DISTANCE:
            return Match(subject, face_id, distance)
    return None


def _already(same: Match) -> AlreadyEnrolled:
    return AlreadyEnrolled(f"this face of this picture is enrolled as {same.subject!r} already, face {same.face_id}")
