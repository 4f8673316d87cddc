"""Who goes first where not everybody can."""

from collections.abc import Iterable
from contextvars import ContextVar
from enum import IntEnum


class Priority(IntEnum):
    """Of the work of one call; the lower number goes first."""

    INTERACTIVE = 0
    """Somebody waits for this one answer: unary calls."""
    BULK = 1
    """One of many: items of streams."""


PRIORITY: ContextVar[Priority] = ContextVar("priority", default=Priority.INTERACTIVE)
"""That of the call that is being answered: tasks that work on it inherit it."""
METADATA_KEY = "facegrid-priority"
"""Of the gRPC metadata in which a caller says `interactive` or `bulk`; anything else is as if it said nothing."""


def asked_priority(metadata: Iterable[tuple[str, str | bytes]] | None, default: Priority) -> Priority:
    """Returns the priority that a caller's metadata asks for."""
    asked = next((value for key, value in metadata or () if key == METADATA_KEY), "")
    return Priority.__members__.get(asked.upper(), default) if isinstance(asked, str) else default
