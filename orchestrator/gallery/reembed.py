"""Moves a gallery to another embedder version, with new vectors from the stored chips.

The old version is searched and enrolled to until every face with a chip has a vector of the new version. Then the new
version takes over, for all processes in one step. Missing faces are found by comparing the two tables, so that a move
that was interrupted continues, and faces that are enrolled or deleted meanwhile are treated like the others.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from facegrid.errors import GalleryMismatch, InvalidOption
from orchestrator.gallery.embedder_registry import ACTIVE, BUILDING, RETIRED, SWITCH_GRACE_S
from orchestrator.gallery.erase import delete_rows
from orchestrator.gallery.housekeeping import LOCK_TIMEOUT_S, erase_bytes
from orchestrator.gallery.parts import Parts
from orchestrator.gallery.rows import face_schema, vector_column
from orchestrator.gallery.tables import LanceTable
from orchestrator.gallery.types import EmbedderVersion
from orchestrator.types import Floats

if TYPE_CHECKING:
    from lance import LanceDataset

Embed = Callable[[Sequence[bytes]], Floats]
"""Takes encoded chips and returns their vectors [N, dimension]."""

BATCH_CHIPS = 64


@dataclass(frozen=True)
class Moved:
    """The result of a move."""

    moved: int
    """Faces of the new version that came from another one, in this run or an earlier one."""
    without_chip: int
    """Faces that stay in the old version, listed and deletable but not searched: they have no chip."""


@dataclass(frozen=True)
class _Move:
    """The arguments of every step of a move."""

    parts: Parts
    old: LanceTable
    new: LanceTable
    target: EmbedderVersion
    embed: Embed


def reembed(
    parts: Parts,
    target: EmbedderVersion,
    embed: Embed,
    *,
    report: Callable[[int, int], None] = lambda _done, _all: None,
    grace_s: float = SWITCH_GRACE_S,
) -> Moved:
    """Moves the gallery to an embedder version; blocks until done. Other processes may use the gallery meanwhile.

    Args:
        parts: The gallery.
        target: The embedder version of `embed`.
        embed: Makes vectors of chips, up to `BATCH_CHIPS` at a time.
        report: Called with the number of faces that have a vector of the new version, and of those that will have one.
        grace_s: How long searches with the old version are answered after the new one took over.

    Raises:
        GalleryMismatch: The gallery is empty.
        InvalidOption: `embed` did not return a vector of `target` for each chip.
        GalleryUnavailable: The gallery cannot be read or written; run it again.
    """
    source = _begin(parts, target)
    if source is not None:
        move = _Move(parts, parts.registry.faces(source), parts.registry.faces(target), target, embed)
        while not _switch_if_complete(parts, source, target):
            missing = _missing(move.old, move.new)
            wanted = move.old.read(lambda dataset: int(dataset.count_rows("chip IS NOT NULL")))
            for start in range(0, len(missing), BATCH_CHIPS):
                _move(move, missing[start : start + BATCH_CHIPS])
                report(wanted - len(missing) + min(start + BATCH_CHIPS, len(missing)), wanted)
        time.sleep(grace_s)
    return _erase_moved(parts, target)


def _begin(parts: Parts, target: EmbedderVersion) -> EmbedderVersion | None:
    """Returns the version to move from; None if the new version has taken over already."""
    now = datetime.now(UTC)
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        states = {entry.embedder: entry.state for entry in parts.registry.entries()}
        source = parts.registry.active()
        if source is None:
            raise GalleryMismatch("nobody is enrolled, there is nothing to move; enrol with the new embedder")
        if source == target:
            return None
        if target not in states:
            parts.registry.add(target, BUILDING, now=now)
        elif states[target] == RETIRED:
            parts.registry.set_states({target: BUILDING}, now=now)
    return source


def _missing(old: LanceTable, new: LanceTable) -> list[str]:
    """Returns the ids of the faces with a chip in `old` that `new` lacks."""
    ids: list[str] = old.read(lambda d: d.to_table(columns=["face_id"], filter="chip IS NOT NULL"))[
        "face_id"
    ].to_pylist()
    there = _ids(new)
    return [face_id for face_id in ids if face_id not in there]


def _ids(table: LanceTable) -> set[str]:
    return set(table.read(lambda dataset: dataset.to_table(columns=["face_id"]))["face_id"].to_pylist())


def _move(move: _Move, face_ids: list[str]) -> None:
    chosen = pc.field("face_id").isin(face_ids)
    rows = move.old.read(lambda dataset: dataset.to_table(filter=chosen))
    if not len(rows):
        return
    dimension = move.target.dimension
    vectors = np.asarray(move.embed(rows["chip"].to_pylist()), np.float32)
    if vectors.shape != (len(rows), dimension) or not np.isfinite(vectors).all():
        raise InvalidOption(
            f"the embedder returned {vectors.shape} for {len(rows)} chips, "
            f"expected finite values [{len(rows)}, {dimension}]"
        )
    schema = face_schema(move.target)
    at = rows.schema.get_field_index("vector")
    moved = rows.set_column(at, schema.field("vector"), vector_column(vectors, dimension)).cast(schema)
    with move.parts.locks.write.hold(LOCK_TIMEOUT_S):
        # Faces deleted while the embedder was at work must not come back; others may be moved by another process.
        alive = _present(move.old, chosen) - _present(move.new, chosen)
        move.new.append(moved.filter(pc.is_in(moved["face_id"], pa.array(list(alive), pa.string()))))


def _present(table: LanceTable, chosen: pc.Expression) -> set[str]:
    return set(table.read(lambda d: d.to_table(columns=["face_id"], filter=chosen))["face_id"].to_pylist())


def _switch_if_complete(parts: Parts, source: EmbedderVersion, target: EmbedderVersion) -> bool:
    old, new = parts.registry.faces(source), parts.registry.faces(target)
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        if parts.registry.active() != source:
            return True  # another process has done it
        if _missing(old, new):
            return False
        parts.registry.set_states({source: RETIRED, target: ACTIVE}, now=datetime.now(UTC))
        parts.audit.add("reembed", faces=new.read(_count))
    return True


def _erase_moved(parts: Parts, target: EmbedderVersion) -> Moved:
    """Erases the old versions' rows of faces that the new version has."""
    new = parts.registry.faces(target)
    moved = left = 0
    with parts.locks.write.hold(LOCK_TIMEOUT_S):
        there = _ids(new)
        for entry in parts.registry.entries():
            if entry.state != RETIRED:
                continue
            table = parts.registry.faces(entry.embedder)
            ids = _ids(table)
            delete_rows(table, sorted(ids & there))
            moved += len(ids & there)
            left += len(ids - there)
            erase_bytes(table, parts.locks)
    return Moved(moved, left)


def _count(dataset: "LanceDataset") -> int:
    return int(dataset.count_rows())
