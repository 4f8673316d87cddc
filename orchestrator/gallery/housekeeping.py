"""Keeps a gallery fast and small, and finishes interrupted work."""

from pathlib import Path

from orchestrator.gallery.embedder_registry import EmbedderRegistry
from orchestrator.gallery.erase import delete_rows, forget_versions, join_all_files, join_files, rewrite_deleted
from orchestrator.gallery.index import drop_stale_index, index_pays, update_index
from orchestrator.gallery.lock import FolderLock
from orchestrator.gallery.people import rows_of
from orchestrator.gallery.tables import LanceTable
from orchestrator.gallery.types import Erased

LOCK_TIMEOUT_S = 30.0
"""How long a write waits for those of other processes."""


class Locks:
    """The locks of a gallery, shared by all processes that have it open.

    Args:
        folder: The gallery's folder; None for an object store, which has no locks.
    """

    def __init__(self, folder: Path | None) -> None:
        self.write = FolderLock(folder and folder / ".lock")
        """Held during every change but the building of an index."""
        self.index = FolderLock(folder and folder / ".index-lock")
        """Held while an index is built, which takes longer than a write can wait."""


def erase_subject(registry: EmbedderRegistry, locks: Locks, name: str) -> Erased:
    """Deletes the rows of a subject in all tables, and their bytes. The caller holds the lock for writing.

    If it is killed, some rows are deleted whose bytes are erased by the next `tidy`.
    """
    vectors = chips = 0
    touched = []
    for table in registry.tables():
        kept = rows_of(table, name)
        delete_rows(table, kept.face_ids)
        if kept.face_ids:
            touched.append(table)
        vectors += len(kept.face_ids)
        chips += kept.chips
    if not touched:
        return Erased(name, 0, 0, pending=False)
    gone = [erase_bytes(table, locks) for table in touched]
    return Erased(name, vectors, chips, pending=not all(gone))


def tidy(registry: EmbedderRegistry, locks: Locks) -> None:
    """Joins small files, updates the index, and removes what is no longer needed."""
    for table in registry.tables():
        with locks.write.hold(LOCK_TIMEOUT_S):
            join_files(table)
        try:
            if table.read(index_pays):
                _update_index(table, locks)
        finally:  # a build that failed since a subject was deleted meanwhile leaves its codes
            with locks.write.hold(LOCK_TIMEOUT_S):
                erase_bytes(table, locks)
    with locks.write.hold(LOCK_TIMEOUT_S):
        registry.forget_versions()


def _update_index(table: LanceTable, locks: Locks) -> None:
    with locks.index.attempt() as mine:
        if mine:
            with locks.write.hold(LOCK_TIMEOUT_S):
                join_all_files(table)
            update_index(table)


def erase_bytes(table: LanceTable, locks: Locks) -> bool:
    """Erases the bytes of deleted rows; returns whether none are left in any file.

    An index that is being built has codes of deleted faces, and files that no version refers to yet. These must stay;
    the process that builds it calls this afterwards. In an object store, bytes stay for its grace time.
    """
    rewrite_deleted(table)
    drop_stale_index(table)
    with locks.index.attempt() as no_build:
        forget_versions(table, sweep=no_build)
    return no_build and table.folder is not None
