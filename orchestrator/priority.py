"""Which work goes first when there is more than can be done at once."""

from collections.abc import Iterable
from contextvars import ContextVar
from enum import IntEnum


class Priority(IntEnum):
    """The priority of a call's work; the lower number goes first."""

    INTERACTIVE = 0
    """A caller waits for this one answer: unary calls."""
    BULK = 1
    """One of many: items of streams."""


PRIORITY: ContextVar[Priority] = ContextVar("priority", default=Priority.INTERACTIVE)
"""The priority of the current call; tasks that work on the call inherit it."""
METADATA_KEY = "facegrid-priority"
"""Name of the gRPC metadata in which a caller says `interactive` or `bulk`; any other value is ignored."""


def asked_priority(metadata: Iterable[tuple[str, str | bytes]] | None, default: Priority) -> Priority:
    """Returns the priority that a caller's metadata asks for."""
    asked = next((value for key, value in metadata or () if key == METADATA_KEY), "")
    return Priority.__members__.get(asked.upper(), default) if isinstance(asked, str) else default
