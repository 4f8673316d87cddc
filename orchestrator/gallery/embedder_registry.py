"""The embedder versions of a gallery, and which of them is searched: the table `embedders`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from facegrid.errors import GalleryMismatch
from orchestrator.gallery.erase import forget_versions
from orchestrator.gallery.rows import face_schema, table_name
from orchestrator.gallery.tables import LanceTable, Storage
from orchestrator.gallery.types import EmbedderVersion

if TYPE_CHECKING:
    from lance import LanceDataset

ACTIVE = "active"
BUILDING = "building"
RETIRED = "retired"

SWITCH_GRACE_S = 60.0
"""How long vectors of the old version are searched after a new one took over: longer than a request lasts."""

_SCHEMA = pa.schema(
    [
        pa.field("embedder", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("dimension", pa.int32(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("changed_at", pa.timestamp("us", "UTC"), nullable=False),
    ]
)


@dataclass(frozen=True)
class EmbedderEntry:
    """An embedder version of the gallery."""

    embedder: EmbedderVersion
    state: str
    """`ACTIVE`, searched and enrolled to; `BUILDING`, a move to it is under way; `RETIRED`, moved away from."""
    changed_at: datetime


class EmbedderRegistry:
    """The embedder versions of a gallery. Callers that change it hold the gallery's lock.

    Args:
        storage: The gallery's storage.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._table = storage.table("embedders")
        self._faces: dict[EmbedderVersion, LanceTable] = {}

    def entries(self) -> tuple[EmbedderEntry, ...]:
        """Returns all embedder versions, the oldest first; none if there was no enrolment yet."""
        return self._table.read(_entries) if self._table.exists() else ()

    def active(self) -> EmbedderVersion | None:
        """Returns the embedder version that is searched and enrolled to."""
        return next((entry.embedder for entry in self.entries() if entry.state == ACTIVE), None)

    def faces(self, embedder: EmbedderVersion) -> LanceTable:
        """Returns the table of an embedder version's faces, which need not exist."""
        return self._faces.setdefault(embedder, self._storage.table(table_name(embedder)))

    def searched(self, embedder: EmbedderVersion, *, now: datetime) -> LanceTable | None:
        """Returns the table to search for a vector of this embedder version; None if the gallery is empty.

        Raises:
            GalleryMismatch: Another version is active, for longer than `SWITCH_GRACE_S`.
        """
        entries = {entry.embedder: entry for entry in self.entries()}
        active = next((entry.embedder for entry in entries.values() if entry.state == ACTIVE), None)
        if active is None:
            return None
        entry = entries.get(embedder)
        if embedder != active and not (
            entry and entry.state == RETIRED and now - entry.changed_at < timedelta(seconds=SWITCH_GRACE_S)
        ):
            raise mismatch(active, embedder)
        return self.faces(embedder)

    def tables(self) -> list[LanceTable]:
        """Returns the tables of all embedder versions."""
        return [self.faces(entry.embedder) for entry in self.entries()]

    def forget_versions(self) -> None:
        """Removes older versions of this table."""
        if self._table.exists():
            forget_versions(self._table, sweep=True)

    def require(self, embedder: EmbedderVersion, *, now: datetime) -> LanceTable:
        """Returns the table of this embedder version, and makes it the active one if there is none.

        Raises:
            GalleryMismatch: Another version is active.
        """
        active = self.active()
        if active is None:
            self.add(embedder, ACTIVE, now=now)
        elif active != embedder:
            raise mismatch(active, embedder)
        return self.faces(embedder)

    def add(self, embedder: EmbedderVersion, state: str, *, now: datetime) -> None:
        """Adds an embedder version with an empty table of faces."""
        self.faces(embedder).create(face_schema(embedder).empty_table())
        self._table.create(_SCHEMA.empty_table())
        others = [entry for entry in self.entries() if entry.embedder != embedder]  # another process may have added it
        self._write((*others, EmbedderEntry(embedder, state, now)))

    def set_states(self, states: dict[EmbedderVersion, str], *, now: datetime) -> None:
        """Changes the states of embedder versions, all at once for every reader."""
        self._write(
            tuple(
                replace(entry, state=states[entry.embedder], changed_at=now) if entry.embedder in states else entry
                for entry in self.entries()
            )
        )

    def _write(self, entries: tuple[EmbedderEntry, ...]) -> None:
        rows = [
            (entry.embedder.name, entry.embedder.version, entry.embedder.dimension, entry.state, entry.changed_at)
            for entry in entries
        ]
        self._table.overwrite(pa.table([list(column) for column in zip(*rows, strict=True)], schema=_SCHEMA))


def mismatch(active: EmbedderVersion, asked: EmbedderVersion) -> GalleryMismatch:
    """Returns the error that names the gallery's embedder, the requested one, and what to do."""
    return GalleryMismatch(
        f"the gallery holds vectors of {active} with {active.dimension} values, "
        f"asked was {asked} with {asked.dimension}; serve {active}, or move the gallery with `facegrid gallery reembed`"
    )


def _entries(dataset: "LanceDataset") -> tuple[EmbedderEntry, ...]:
    return tuple(
        EmbedderEntry(
            EmbedderVersion(row["embedder"], row["version"], row["dimension"]), row["state"], row["changed_at"]
        )
        for row in dataset.to_table().to_pylist()
    )
