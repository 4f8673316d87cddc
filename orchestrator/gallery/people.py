"""Reads the subjects, and what is stored of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from facegrid.errors import SubjectNotFound
from orchestrator.gallery.embedder_registry import BUILDING, EmbedderRegistry
from orchestrator.gallery.rows import equals
from orchestrator.gallery.tables import LanceTable
from orchestrator.gallery.types import EmbedderVersion, StoredFace, StoredSubject, SubjectPage

if TYPE_CHECKING:
    from lance import LanceDataset

_LISTED = ["subject", "face_id", "enrolled_at"]


@dataclass(frozen=True)
class Kept:
    """The rows of one subject in a table."""

    face_ids: tuple[str, ...]
    chips: int


def page(registry: EmbedderRegistry, page_size: int, page_token: str) -> SubjectPage:
    """Returns up to `page_size` subjects whose names come after `page_token`, by name.

    The token is the last name of the page before, so that pages stay consistent while others enrol and delete.
    """
    after = f"subject > '{page_token.replace(chr(39), 2 * chr(39))}'" if page_token else None
    tables = [table.read(lambda d: d.to_table(columns=_LISTED, filter=after)) for _, table in _counted(registry)]
    if not tables:
        return SubjectPage((), "")
    grouped = (
        _distinct(tables)
        .group_by("subject")
        .aggregate([("enrolled_at", "min"), ("enrolled_at", "max"), ("subject", "count")])
    )
    ordered = grouped.sort_by("subject").slice(0, page_size + 1)
    found = tuple(
        StoredSubject(row["subject"], row["subject_count"], row["enrolled_at_min"], row["enrolled_at_max"])
        for row in ordered.to_pylist()
    )
    more = len(found) > page_size
    return SubjectPage(found[:page_size], found[page_size - 1].name if more else "")


def get(registry: EmbedderRegistry, name: str) -> tuple[StoredSubject, tuple[StoredFace, ...]]:
    """Returns a subject and its faces, the first enrolled first.

    Raises:
        SubjectNotFound: There is no subject of this name.
    """
    faces = {
        face.face_id: face
        for embedder, table in _counted(registry)
        for face in table.read(lambda dataset, embedder=embedder: _faces(dataset, name, embedder))  # type: ignore[misc]
    }
    if not faces:
        raise SubjectNotFound(f"nobody is enrolled as {name!r}; the list of subjects has all names")
    ordered = sorted(faces.values(), key=lambda face: (face.enrolled_at, face.face_id))
    return StoredSubject(name, len(ordered), ordered[0].enrolled_at, ordered[-1].enrolled_at), tuple(ordered)


def rows_of(table: LanceTable, name: str) -> Kept:
    """Returns the rows of a subject in a table."""
    rows = table.read(
        lambda dataset: dataset.to_table(
            columns={"face_id": "face_id", "has_chip": "chip IS NOT NULL"}, filter=equals("subject", name)
        )
    )
    return Kept(tuple(rows["face_id"].to_pylist()), pc.sum(rows["has_chip"]).as_py() or 0)


def _counted(registry: EmbedderRegistry) -> list[tuple[EmbedderVersion, LanceTable]]:
    # A version that is being built has copies of another version's faces. A retired version has the faces that could
    # not be moved, and copies for a while: the active version comes last, so its copy counts.
    entries = [entry for entry in registry.entries() if entry.state != BUILDING]
    ordered = sorted(entries, key=lambda entry: entry.state, reverse=True)  # "retired" before "active"
    return [(entry.embedder, registry.faces(entry.embedder)) for entry in ordered]


def _distinct(tables: list[pa.Table]) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    joined = pa.concat_tables(tables)
    first = joined.group_by("face_id").aggregate([("subject", "min"), ("enrolled_at", "min")])
    return first.rename_columns(["face_id", "subject", "enrolled_at"])


def _faces(dataset: "LanceDataset", name: str, embedder: EmbedderVersion) -> list[StoredFace]:
    columns = {column: column for column in ("face_id", "enrolled_at", "score", "face_px")}
    rows = dataset.to_table(columns={**columns, "has_chip": "chip IS NOT NULL"}, filter=equals("subject", name))
    return [
        StoredFace(row["face_id"], embedder, row["enrolled_at"], row["score"], row["face_px"], row["has_chip"])
        for row in rows.to_pylist()
    ]
