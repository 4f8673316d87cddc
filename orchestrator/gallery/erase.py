"""Deletes rows, then erases their bytes; joins small files.

Lance deletes a row by a note that it is gone. The bytes stay in the row's file, and in every older version of the
table. So the files with deleted rows are rewritten without them, codes in the index included; then every older version
is removed, and every file that no version refers to.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.gallery.tables import LanceTable

if TYPE_CHECKING:
    from lance import LanceDataset

FILE_FACES = 65_536
"""Most faces in one file, which is rewritten for one deleted face (40 MB without chips, 0.3 GB with)."""
SMALL_FILE_FACES = 1_024
JOIN_FROM_FILES = 32
"""Number of files of one size, small or medium, at which they are joined: each face is written about three times."""

OBJECT_STORE_GRACE = timedelta(hours=1)
"""How long old versions stay in an object store, which has no lock: longer than any write or search takes."""


def delete_rows(table: LanceTable, face_ids: Sequence[str]) -> None:
    """Deletes faces by their ids; ids that are gone already are ignored.

    Not by subject: the condition stays in the table's history, and an id does not name a person.
    """
    if face_ids:
        condition = f"face_id IN ({', '.join(repr(face_id) for face_id in face_ids)})"
        table.change(lambda dataset: dataset.delete(condition))


def rewrite_deleted(table: LanceTable) -> None:
    """Rewrites the files that have deleted rows without these."""
    _rewrite(table, lambda fragment: fragment.num_deletions > 0)


def join_files(table: LanceTable) -> None:
    """Joins small files if there are many, and likewise medium ones: each file costs every search some time."""
    fragments = table.read(lambda dataset: dataset.get_fragments())
    small = sum(_is_small(fragment) for fragment in fragments)
    below_full = sum(_is_below_full(fragment) for fragment in fragments)
    if below_full - small >= JOIN_FROM_FILES:
        _rewrite(table, _is_below_full)
    elif small >= JOIN_FROM_FILES:
        _rewrite(table, _is_small)


def join_all_files(table: LanceTable) -> None:
    """Joins all files that are not full, before an index is built.

    An index covers whole files, and is dropped with a file whose last face is deleted. So no file should have just a
    few people.
    """
    _rewrite(table, _is_below_full)


def _is_small(fragment: Any) -> bool:
    return bool(fragment.physical_rows < SMALL_FILE_FACES)


def _is_below_full(fragment: Any) -> bool:
    return bool(fragment.physical_rows < FILE_FACES)


def forget_versions(table: LanceTable, *, sweep: bool) -> None:
    """Removes files that only older versions need; in an object store, after its grace time.

    Args:
        table: If it is in a folder, the caller holds the gallery's lock: no other process writes.
        sweep: Whether to remove files that no version refers to, as a killed process leaves them. Not while an index
            is being built, which needs such files. In a folder only.
    """
    local = table.folder is not None
    table.change(
        lambda dataset: dataset.cleanup_old_versions(
            older_than=timedelta(0) if local else OBJECT_STORE_GRACE,
            delete_unverified=local and sweep,
            error_if_tagged_old_versions=False,
        )
    )


def _rewrite(table: LanceTable, chosen: Callable[[Any], bool]) -> None:
    def work(dataset: "LanceDataset") -> None:
        fragments = dataset.get_fragments()
        others = [fragment.fragment_id for fragment in fragments if not chosen(fragment)]
        if len(others) < len(fragments):
            dataset.optimize.compact_files(
                target_rows_per_fragment=FILE_FACES,
                materialize_deletions=True,
                materialize_deletions_threshold=0.0,
                excluded_fragment_ids=others,
            )

    table.change(work)
