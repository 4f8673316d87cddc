"""What keeps a gallery fast and small, and finishes what was interrupted."""

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
    """Who may do what at the same time, among all processes that have the gallery open.

    Args:
        folder: Of the gallery; None for an object store, which has no locks.
    """

    def __init__(self, folder: Path | None) -> None:
        self.write = FolderLock(folder and folder / ".lock")
        """Held by whoever changes anything but an index."""
        self.index = FolderLock(folder and folder / ".index-lock")
        """Held by whoever builds an index, which takes longer than a write can wait."""


def erase_subject(registry: EmbedderRegistry, locks: Locks, name: str) -> Erased:
    """Deletes what all tables hold of a subject, and its bytes. The caller holds the lock for writing.

    Killed on its way, it leaves rows that are deleted and whose bytes go with the next `tidy`.
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
    """Joins small files, sees to the index, and removes what is not needed any more."""
    for table in registry.tables():
        with locks.write.hold(LOCK_TIMEOUT_S):
            join_files(table)
        try:
            if table.read(index_pays):
                _see_to_index(table, locks)
        finally:  # a build that failed because somebody was deleted meanwhile leaves codes of him
            with locks.write.hold(LOCK_TIMEOUT_S):
                erase_bytes(table, locks)
    with locks.write.hold(LOCK_TIMEOUT_S):
        registry.forget_versions()


def _see_to_index(table: LanceTable, locks: Locks) -> None:
    with locks.index.attempt() as mine:
        if mine:
            with locks.write.hold(LOCK_TIMEOUT_S):
                join_all_files(table)
            update_index(table)


def erase_bytes(table: LanceTable, locks: Locks) -> bool:
    """Erases what is deleted, and returns whether nothing of it is left in any file.

    An index that is being built has codes of deleted faces, and files that no version refers to yet, which must
    stay; whoever builds it comes here afterwards. In an object store, bytes stay for its grace time.
    """
    rewrite_deleted(table)
    drop_stale_index(table)
    with locks.index.attempt() as no_build:
        forget_versions(table, sweep=no_build)
    return no_build and table.folder is not None
