"""Exports a gallery to one Parquet file, which other programs can read too, and imports it.

A row is a face: subject, face_id, vector, enrolled_at, score and face_px as in the tables, chip where one is
kept, embedder, embedder_version. The file's metadata has `facegrid.format` "1" and `facegrid.active`, the
version that was searched, as NAME:VERSION:DIMENSION. The file is as private as the gallery.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from facegrid.errors import GalleryMismatch, InvalidSubject
from orchestrator.atomic_file import replaced_file
from orchestrator.gallery.embedder_registry import ACTIVE, BUILDING, RETIRED, mismatch
from orchestrator.gallery.housekeeping import LOCK_TIMEOUT_S
from orchestrator.gallery.parts import Parts
from orchestrator.gallery.rows import face_schema, table_name
from orchestrator.gallery.subjects import normal_subject
from orchestrator.gallery.types import EmbedderVersion

FORMAT = b"1"
_BATCH_FACES = 8_192

_SCHEMA = pa.schema(
    [
        pa.field("subject", pa.string(), nullable=False),
        pa.field("face_id", pa.string(), nullable=False),
        pa.field("vector", pa.list_(pa.float32()), nullable=False),
        pa.field("enrolled_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("face_px", pa.float32(), nullable=False),
        pa.field("chip", pa.binary()),
        pa.field("embedder", pa.string(), nullable=False),
        pa.field("embedder_version", pa.int64(), nullable=False),
    ]
)


class InvalidExport(Exception):
    """A file is not an export of a gallery, or one of its rows is not valid; nothing was imported."""


def export_faces(parts: Parts, path: Path) -> int:
    """Writes all faces of the gallery to a file, readable by this user alone, and returns their number.

    The file appears when it is complete. Faces that are enrolled meanwhile may or may not be in it.

    Raises:
        GalleryMismatch: The gallery is empty.
        GalleryUnavailable: The gallery cannot be read.
        OSError: The file cannot be written.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  (only this command needs it)

    active = parts.registry.active()
    if active is None:
        raise GalleryMismatch("nobody is enrolled, there is nothing to export")
    metadata = {b"facegrid.format": FORMAT, b"facegrid.active": _text(active).encode()}
    faces = 0
    with (
        replaced_file(path, durable=True, mode=0o600) as file,
        pq.ParquetWriter(file, _SCHEMA.with_metadata(metadata), compression="zstd") as writer,
    ):
        for batch in _batches(parts):
            writer.write_table(batch)
            faces += len(batch)
    parts.audit.add("export", faces=faces)
    return faces


def import_faces(parts: Parts, path: Path) -> tuple[int, int]:
    """Adds the faces of an exported file; returns how many were added, and how many were there already.

    Everything is checked before the first face is added. After an interruption it can be run again. Faces keep their
    ids.

    Raises:
        InvalidExport: The file is not one of ours, is damaged, or has a row that is not valid.
        GalleryMismatch: The gallery holds another embedder's vectors.
        GalleryUnavailable: The gallery cannot be read or written.
        OSError: The file cannot be read.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    with path.open("rb") as opened:
        try:
            file = pq.ParquetFile(opened)
            active, embedders = _check_file(file)
            added = _add(parts, file, active, embedders)
        except pa.ArrowException as err:
            raise InvalidExport(f"{path.name} is not a Parquet file, or it is damaged") from err
    total = file.metadata.num_rows
    return added, total - added


def _batches(parts: Parts) -> Iterator[pa.Table]:
    for entry in parts.registry.entries():
        if entry.state == BUILDING:
            continue
        dataset = parts.registry.faces(entry.embedder).read(lambda dataset: dataset)
        for batch in dataset.to_batches(batch_size=_BATCH_FACES):
            columns: dict[str, Any] = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns["embedder"] = pa.array([entry.embedder.name] * len(batch))
            columns["embedder_version"] = pa.array([entry.embedder.version] * len(batch))
            yield pa.table([_cast(columns[field.name], field.type) for field in _SCHEMA], schema=_SCHEMA)


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    return column if column.type == wanted else column.cast(wanted)


def _check_file(file: Any) -> tuple[EmbedderVersion, dict[tuple[str, int], EmbedderVersion]]:
    """Checks every row of a file; returns its active embedder version, and each embedder version by name and number."""
    schema = file.schema_arrow
    metadata = schema.metadata or {}
    if metadata.get(b"facegrid.format") != FORMAT:
        found = metadata.get(b"facegrid.format", b"none").decode(errors="replace")
        raise InvalidExport(f"the file's facegrid.format is {found}, expected {FORMAT.decode()}")
    if not schema.remove_metadata().equals(_SCHEMA):
        raise InvalidExport(f"the file's columns are {', '.join(schema.names)}, expected {', '.join(_SCHEMA.names)}")
    active = _parse(metadata.get(b"facegrid.active", b"").decode(errors="replace"))
    embedders = {(active.name, active.version): active}
    seen: set[str] = set()
    first = 0
    for batch in file.iter_batches(_BATCH_FACES):
        _check_rows(batch, first, embedders, seen)
        first += len(batch)
    return active, embedders


def _check_rows(
    batch: pa.RecordBatch, first: int, embedders: dict[tuple[str, int], EmbedderVersion], seen: set[str]
) -> None:
    if any(batch[field.name].null_count for field in _SCHEMA if not field.nullable):
        raise InvalidExport(f"a value is missing between rows {first} and {first + len(batch)}")
    columns = ("subject", "face_id", "vector", "score", "face_px", "embedder", "embedder_version")
    for row, (subject, face_id, vector, score, face_px, name, version) in enumerate(
        zip(*(batch[column].to_pylist() for column in columns), strict=True), first
    ):
        try:
            kept = normal_subject(subject)
            uuid.UUID(face_id)
            embedder = embedders.setdefault((name, version), EmbedderVersion(name, version, len(vector)))
            table_name(embedder)
        except (InvalidSubject, GalleryMismatch, ValueError) as err:
            raise InvalidExport(f"row {row}: {err}") from err
        if kept != subject or face_id in seen:
            raise InvalidExport(f"row {row}: the subject is not in normal form NFC, or the face's id comes twice")
        seen.add(face_id)
        if len(vector) != embedder.dimension or not np.isfinite(vector).all():
            raise InvalidExport(
                f"row {row}: the vector has {len(vector)} values, expected {embedder.dimension}, finite"
            )
        if not (0 <= score <= 1 and 0 <= face_px < float("inf")):
            raise InvalidExport(f"row {row}: score {score} or face_px {face_px} is out of range")


def _add(parts: Parts, file: Any, active: EmbedderVersion, embedders: dict[tuple[str, int], EmbedderVersion]) -> int:
    now = datetime.now(UTC)
    added = 0
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        present = parts.registry.active()
        if present not in {None, active}:
            raise mismatch(present, active)
        known = {entry.embedder for entry in parts.registry.entries()}
        for embedder in embedders.values():
            if embedder not in known:
                parts.registry.add(embedder, ACTIVE if embedder == active else RETIRED, now=now)
    for batch in file.iter_batches(_BATCH_FACES):
        rows = pa.table(batch)
        for (name, version), embedder in embedders.items():
            own = rows.filter((pc.field("embedder") == name) & (pc.field("embedder_version") == version))
            added += _append(parts, own.drop_columns(["embedder", "embedder_version"]), embedder)
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        parts.audit.add("import", faces=added)
    return added


def _append(parts: Parts, rows: pa.Table, embedder: EmbedderVersion) -> int:
    if not len(rows):
        return 0
    table = parts.registry.faces(embedder)
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        chosen = pc.field("face_id").isin(rows["face_id"])
        there = table.read(lambda dataset: dataset.to_table(columns=["face_id"], filter=chosen))["face_id"]
        new = rows.filter(pc.invert(pc.is_in(rows["face_id"], there.combine_chunks())))
        if len(new):
            table.append(new.cast(face_schema(embedder)))
    return len(new)


def _text(embedder: EmbedderVersion) -> str:
    return f"{embedder.name}:{embedder.version}:{embedder.dimension}"


def _parse(text: str) -> EmbedderVersion:
    try:
        name, version, dimension = text.split(":")
        return EmbedderVersion(name, int(version), int(dimension))
    except ValueError as err:
        raise InvalidExport(f"the file's facegrid.active is {text!r}, expected NAME:VERSION:DIMENSION") from err
