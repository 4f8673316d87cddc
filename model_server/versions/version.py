"""What the manager knows of one version."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from model_server.versions.folders import fingerprint
from model_server.versions.states import VersionState

if TYPE_CHECKING:
    from model_server.errors import ServingError


class Version:
    """A version of a model, from the moment it is found until it is unloaded."""

    def __init__(self, name: str, number: int, path: Path) -> None:
        self.name = name
        self.number = number
        self.path = path
        self.state = VersionState.START
        self.error: ServingError | None = None
        self.tried: frozenset[tuple[str, int, int]] = frozenset()
        """The fingerprint of the files when they were last loaded."""
        self.unwanted = threading.Event()
        """Set when the version is no longer wanted: a failed load is not retried."""

    def __str__(self) -> str:
        """Returns the version as upstream's log writes it."""
        return f"{{name: {self.name} version: {self.number}}}"

    def has_changed_since_it_failed(self) -> bool:
        """Returns whether its files differ from those that could not be loaded."""
        return self.error is not None and fingerprint(self.path) != self.tried
