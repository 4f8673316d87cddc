"""The life of one version: loaded in a thread of its own, tried again where that fails, let go after its last call."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from model_server.errors import ServingError
from model_server.run.memory import give_back
from model_server.run.servable import Servable
from model_server.versions.handles import AvailableVersions, Handle
from model_server.versions.policy import fingerprint
from model_server.versions.states import State, StateBoard

_log = logging.getLogger(__name__)


class Version:
    """What the manager knows of a version."""

    def __init__(self, name: str, number: int, path: Path) -> None:
        self.name = name
        self.number = number
        self.path = path
        self.state = State.START
        self.error: ServingError | None = None
        self.tried: frozenset[tuple[str, int, int]] = frozenset()
        """The fingerprint of the files when they were last loaded."""
        self.unwanted = threading.Event()
        """Set when no one waits for the load any more: it is not tried again."""

    def __str__(self) -> str:
        """Returns the version as upstream's log writes it."""
        return f"{{name: {self.name} version: {self.number}}}"

    def has_changed_since_it_failed(self) -> bool:
        """Returns whether its files are other ones than those that could not be loaded."""
        return self.error is not None and fingerprint(self.path) != self.tried


@dataclass(frozen=True)
class Retries:
    """How often and after what pause a failed load is tried again."""

    max_retries: int = 5
    interval_s: float = 60.0


class VersionLife:
    """Loads and unloads versions; what becomes of them is published, and the manager told."""

    def __init__(
        self,
        load: Callable[[Path], Servable],
        retries: Retries,
        board: StateBoard,
        available: AvailableVersions,
        on_change: Callable[[], None],
    ) -> None:
        self._load = load
        self._retries = retries
        self._board = board
        self._available = available
        self._on_change = on_change

    def publish(self, version: Version, state: State, error: ServingError | None = None) -> None:
        """Sets the state of a version for the manager and for GetModelStatus."""
        version.state, version.error = state, error
        self._board.publish(version.name, version.number, state, error)

    def start_load(self, version: Version) -> None:
        """Begins to load a version."""
        self.publish(version, State.LOADING)
        self._in_thread("load", self._load_version, version)

    def start_unload(self, version: Version) -> None:
        """Lets a version take no more calls, and begins to wait for those under way."""
        self.publish(version, State.UNLOADING)
        handle = self._available.remove(version.name, version.number)
        self._in_thread("unload", self._unload_version, version, handle)

    @staticmethod
    def _in_thread(verb: str, work: Callable[..., None], version: Version, *arguments: object) -> None:
        name = f"{verb}-{version.name}-{version.number}"
        threading.Thread(target=work, args=(version, *arguments), name=name, daemon=True).start()

    def _load_version(self, version: Version) -> None:
        started_s = time.monotonic()
        servable, error = self._load_with_retries(version)
        if servable is None:
            _log.error("Servable %s cannot be loaded: %s", version, error)
            self.publish(version, State.END, error)
            give_back()
        else:
            self._available.add(version.name, Handle(version.number, servable))
            self.publish(version, State.AVAILABLE)
            took_s = time.monotonic() - started_s
            _log.info("Successfully loaded servable version %s in %.2f s", version, took_s)
        self._on_change()

    def _load_with_retries(self, version: Version) -> tuple[Servable | None, ServingError | None]:
        retry = 0
        while True:
            version.tried = fingerprint(version.path)
            servable, error = self._load_once(version)
            if servable is not None or retry >= self._retries.max_retries or version.unwanted.is_set():
                return servable, error
            retry += 1
            _log.warning(
                "Loading %s failed, retry %d of %d in %g s: %s",
                version,
                retry,
                self._retries.max_retries,
                self._retries.interval_s,
                error,
            )
            if version.unwanted.wait(self._retries.interval_s):
                return None, error

    def _load_once(self, version: Version) -> tuple[Servable | None, ServingError | None]:
        try:
            return self._load(version.path), None
        except ServingError as error:
            # A new one: the traceback would hold on to the graph, the session and what they have of the weights.
            return None, ServingError(error.code, error.message)
        except Exception as error:  # noqa: BLE001 - it is the state of the version, not the end of this thread
            _log.exception("loading %s failed unexpectedly", version)
            return None, ServingError(grpc.StatusCode.INTERNAL, f"{version.path}: {type(error).__name__}: {error}")

    def _unload_version(self, version: Version, handle: Handle) -> None:
        handle.retire()
        handle.servable.close()
        give_back()
        self.publish(version, State.END)
        _log.info("Done unloading servable version %s", version)
        self._on_change()
