"""The index for large galleries: when it pays, how it is built, and which faces it covers.

Without an index, a search compares with every face: 7 ms for 10,000, 63 ms for 80,000 (benchmarks/speed/gallery.py).
The index is IVF_RQ: k-means puts the faces into partitions, a search looks into the nearest of them at codes of
one bit for each value (RaBitQ: Gao and Long, SIGMOD 2024), and compares the best with the vectors
themselves, so that distances are exact. Of Lance's kinds it is built fastest and needs the least memory, at the
same recall. Faces that were enrolled after it was built are compared one by one.
"""

from typing import TYPE_CHECKING, Any

from orchestrator.gallery.tables import LanceTable

if TYPE_CHECKING:
    from lance import LanceDataset

INDEX_FROM_FACES = 10_000
"""Number of faces from which an index is built: below it, exact search takes about as long as with an index."""
EXTEND_FROM_FACES = 5_000
"""Number of faces outside the index from which the index is extended."""
PARTITION_FACES = 4_096
MAX_PARTITIONS = 256
OUTGROWN_FACTOR = 4
"""An index is rebuilt when the present number of faces would have this many times its partitions."""
NPROBES = 64
"""Partitions that a search reads: 32 find fewer of strangers' nearest faces in the same time, 128 find no more."""
REFINE_FACTOR = 8
"""Faces compared exactly for each face that is asked for."""

_NAME = "vector_idx"
_NOTHING, _BUILD, _EXTEND = "nothing", "build", "extend"
_ATTEMPTS = 2


def query(vector: Any, count: int) -> dict[str, Any]:
    """Returns Lance's query for the `count` nearest faces, through the index if there is one."""
    return {
        "column": "vector",
        "q": vector,
        "k": count,
        "metric": "l2",
        "nprobes": NPROBES,
        "refine_factor": REFINE_FACTOR,
    }


def unindexed_faces(dataset: "LanceDataset") -> int:
    """Returns the number of faces that a search compares one by one."""
    covered = _covered(dataset)
    return sum(
        fragment.physical_rows - fragment.num_deletions
        for fragment in dataset.get_fragments()
        if fragment.fragment_id not in covered
    )


def index_pays(dataset: "LanceDataset") -> bool:
    """Returns whether `update_index` has something to do."""
    return _due(dataset) != _NOTHING


def update_index(table: LanceTable) -> None:
    """Builds, rebuilds or extends the index, whichever pays now, if any does."""

    def work(dataset: "LanceDataset") -> None:
        due = _due(dataset)
        if due == _BUILD:
            _build(dataset)
        elif due == _EXTEND:
            dataset.optimize.optimize_indices(index_names=[_NAME], num_indices_to_merge=len(_segments(dataset)))

    table.change(work, attempts=_ATTEMPTS)


def drop_stale_index(table: LanceTable) -> None:
    """Drops the index if it has codes of files that are gone: there is no other way to remove them."""

    def work(dataset: "LanceDataset") -> None:
        if _covered(dataset) - {fragment.fragment_id for fragment in dataset.get_fragments()}:
            dataset.drop_index(_NAME)

    table.change(work)


def _due(dataset: "LanceDataset") -> str:
    faces = dataset.count_rows()
    if not _segments(dataset):
        return _BUILD if faces >= INDEX_FROM_FACES else _NOTHING
    if _partitions(faces) >= OUTGROWN_FACTOR * len(dataset.get_ivf_model(_NAME).centroids):
        return _BUILD
    return _EXTEND if unindexed_faces(dataset) >= EXTEND_FROM_FACES else _NOTHING


def _build(dataset: "LanceDataset") -> None:
    dataset.create_index(
        "vector",
        "IVF_RQ",
        name=_NAME,
        metric="l2",
        replace=True,
        num_partitions=_partitions(dataset.count_rows()),
        num_bits=1,
    )


def _partitions(faces: int) -> int:
    return max(1, min(MAX_PARTITIONS, faces // PARTITION_FACES))


def _segments(dataset: "LanceDataset") -> list[Any]:
    return [segment for index in dataset.describe_indices() if index.name == _NAME for segment in index.segments]


def _covered(dataset: "LanceDataset") -> set[int]:
    return {fragment for segment in _segments(dataset) for fragment in segment.fragment_ids}
