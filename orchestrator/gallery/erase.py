"""Rows that are deleted, and then their bytes; small files that are joined.

Lance deletes a row by noting that it is not there any more. The bytes stay in the file that holds it, and in
every older version of the table. So the files that hold a deleted row are written anew without it, codes in the
index included, then every older version goes, and every file that none refers to.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.gallery.tables import LanceTable

if TYPE_CHECKING:
    from lance import LanceDataset

FILE_FACES = 65_536
"""Most faces in one file: what is written anew for one deleted face (40 MB without chips, 0.3 GB with)."""
SMALL_FILE_FACES = 1_024
JOIN_FROM_FILES = 32
"""Files of one size, small or medium, from which on they are joined: each face is written about three times."""

OBJECT_STORE_GRACE = timedelta(hours=1)
"""How long old versions stay in an object store, which has no lock: longer than any write or search takes."""


def delete_rows(table: LanceTable, face_ids: Sequence[str]) -> None:
    """Deletes faces by their ids; those that are gone already do not matter.

    Not by subject: the condition is kept with the table's history, and a face's id names nobody.
    """
    if face_ids:
        condition = f"face_id IN ({', '.join(repr(face_id) for face_id in face_ids)})"
        table.change(lambda dataset: dataset.delete(condition))


def rewrite_deleted(table: LanceTable) -> None:
    """Writes the files that hold deleted rows anew without them."""
    _rewrite(table, lambda fragment: fragment.num_deletions > 0)


def join_files(table: LanceTable) -> None:
    """Joins small files where there are many of them, and medium ones likewise: each costs every search some time."""
    fragments = table.read(lambda dataset: dataset.get_fragments())
    small = sum(_is_small(fragment) for fragment in fragments)
    below_full = sum(_is_below_full(fragment) for fragment in fragments)
    if below_full - small >= JOIN_FROM_FILES:
        _rewrite(table, _is_below_full)
    elif small >= JOIN_FROM_FILES:
        _rewrite(table, _is_small)


def join_all_files(table: LanceTable) -> None:
    """Joins all files that are not full, as an index wants it.

    An index covers whole files, and one that goes with the last of its faces takes the index along. So that none
    should hold but a few people.
    """
    _rewrite(table, _is_below_full)


def _is_small(fragment: Any) -> bool:
    return bool(fragment.physical_rows < SMALL_FILE_FACES)


def _is_below_full(fragment: Any) -> bool:
    return bool(fragment.physical_rows < FILE_FACES)


def forget_versions(table: LanceTable, *, sweep: bool) -> None:
    """Removes what only older versions need; in an object store, once its grace time is over.

    Args:
        table: In a folder, the caller holds the gallery's lock: nobody else is writing.
        sweep: Whether files go, too, that no version refers to: a process that was killed left them, or else an
            index that is being built needs them. In a folder only.
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
