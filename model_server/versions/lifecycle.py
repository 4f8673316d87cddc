"""The life of one version: it is loaded in a thread of its own, and unloaded after its last call."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from model_server.errors import ServingError
from model_server.run.memory import release_memory
from model_server.run.servable import LoadedServable
from model_server.versions.available import AvailableVersions, VersionHandle
from model_server.versions.retries import LoadRetries, load_with_retries
from model_server.versions.states import StateBoard, VersionState
from model_server.versions.version import Version

_log = logging.getLogger(__name__)


class VersionLifecycle:
    """Loads and unloads versions, publishes their states, and calls `on_change` at the end of each."""

    def __init__(
        self,
        load: Callable[[Path], LoadedServable],
        retries: LoadRetries,
        board: StateBoard,
        available: AvailableVersions,
        on_change: Callable[[], None],
    ) -> None:
        self._load = load
        self._retries = retries
        self._board = board
        self._available = available
        self._on_change = on_change

    def publish(self, version: Version, state: VersionState, error: ServingError | None = None) -> None:
        """Sets the state of a version for the manager and for GetModelStatus."""
        version.state, version.error = state, error
        self._board.publish(version.name, version.number, state, error)

    def start_load(self, version: Version) -> None:
        """Starts to load a version."""
        self.publish(version, VersionState.LOADING)
        self._in_thread("load", self._load_version, version)

    def start_unload(self, version: Version) -> None:
        """Makes a version unavailable to new calls, and unloads it when those under way have ended."""
        self.publish(version, VersionState.UNLOADING)
        handle = self._available.remove(version.name, version.number)
        self._in_thread("unload", self._unload_version, version, handle)

    @staticmethod
    def _in_thread(verb: str, work: Callable[..., None], version: Version, *arguments: object) -> None:
        name = f"{verb}-{version.name}-{version.number}"
        threading.Thread(target=work, args=(version, *arguments), name=name, daemon=True).start()

    def _load_version(self, version: Version) -> None:
        started_s = time.monotonic()
        servable, error = load_with_retries(version, self._load, self._retries)
        if servable is None:
            _log.error("Servable %s cannot be loaded: %s", version, error)
            self.publish(version, VersionState.END, error)
            release_memory()
        else:
            self._available.add(version.name, VersionHandle(version.number, servable))
            self.publish(version, VersionState.AVAILABLE)
            took_s = time.monotonic() - started_s
            _log.info("Successfully loaded servable version %s in %.2f s", version, took_s)
        self._on_change()

    def _unload_version(self, version: Version, handle: VersionHandle) -> None:
        handle.retire()
        handle.servable.close()
        release_memory()
        self.publish(version, VersionState.END)
        _log.info("Done unloading servable version %s", version)
        self._on_change()
