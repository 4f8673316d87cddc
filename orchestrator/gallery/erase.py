"""Rows that are deleted, and then their bytes.

Lance deletes a row by noting that it is not there any more. The bytes stay in the file that holds it, and in
every older version of the table. So the files that hold a deleted row are written anew without it, index
included, then every older version goes, and every file that none refers to.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.gallery.tables import Table

if TYPE_CHECKING:
    from lance import LanceDataset

FRAGMENT_ROWS = 65_536
"""Most faces in one file: what is written anew for one deleted face (40 MB without chips, 0.3 GB with)."""

OBJECT_STORE_GRACE = timedelta(hours=1)
"""How long old versions stay in an object store, which has no lock: longer than any write or search takes."""


def delete_rows(table: Table, face_ids: Sequence[str]) -> None:
    """Deletes faces by their ids; those that are gone already do not matter.

    Not by subject: the condition is kept with the table's history, and a face's id names nobody.
    """
    if face_ids:
        condition = f"face_id IN ({', '.join(repr(face_id) for face_id in face_ids)})"
        table.change(lambda dataset: dataset.delete(condition))


def rewrite(table: Table) -> None:
    """Writes files with deleted rows anew without them, and joins small files."""

    def compact(dataset: "LanceDataset") -> None:
        dataset.optimize.compact_files(
            target_rows_per_fragment=FRAGMENT_ROWS,
            materialize_deletions=True,
            materialize_deletions_threshold=0.0,
        )

    table.change(compact)


def forget_versions(table: Table) -> bool:
    """Removes what only older versions need; returns whether some must wait for the object store's grace time.

    In a folder, the caller holds the gallery's lock, so that nobody is writing and every file that no
    version refers to was left by a process that was killed.
    """
    local = table.folder is not None
    grace = timedelta(0) if local else OBJECT_STORE_GRACE
    table.change(
        lambda dataset: dataset.cleanup_old_versions(
            older_than=grace, delete_unverified=local, error_if_tagged_old_versions=False
        )
    )
    return not local
