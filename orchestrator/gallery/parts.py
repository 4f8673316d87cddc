"""A gallery opened: its tables, its locks and its log."""

from dataclasses import dataclass

from orchestrator.gallery.audit import Audit
from orchestrator.gallery.embedder_registry import EmbedderRegistry
from orchestrator.gallery.housekeeping import Locks
from orchestrator.gallery.tables import Storage


@dataclass(frozen=True)
class Parts:
    """What every use of a gallery needs."""

    registry: EmbedderRegistry
    locks: Locks
    audit: Audit


def open_parts(uri: str) -> Parts:
    """Returns the parts of the gallery at a path or an object store's URI; nothing is read or made yet."""
    storage = Storage(uri)
    return Parts(EmbedderRegistry(storage), Locks(storage.folder), Audit(storage.folder))
