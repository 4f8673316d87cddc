"""Counts what a gallery holds."""

from typing import TYPE_CHECKING

from orchestrator.gallery.embedder_registry import EmbedderEntry, EmbedderRegistry
from orchestrator.gallery.index import unindexed_faces
from orchestrator.gallery.types import VersionStats

if TYPE_CHECKING:
    from lance import LanceDataset


def stats(registry: EmbedderRegistry) -> list[VersionStats]:
    """Returns the counts of each embedder version, the oldest first.

    Raises:
        GalleryUnavailable: The gallery cannot be read.
    """
    return [_version(registry, entry) for entry in registry.entries()]


def _version(registry: EmbedderRegistry, entry: EmbedderEntry) -> VersionStats:
    def work(dataset: "LanceDataset") -> VersionStats:
        return VersionStats(
            embedder=entry.embedder,
            state=entry.state,
            faces=dataset.count_rows(),
            chips=dataset.count_rows("chip IS NOT NULL"),
            unindexed=unindexed_faces(dataset),
            files=len(dataset.get_fragments()),
        )

    return registry.faces(entry.embedder).read(work)
