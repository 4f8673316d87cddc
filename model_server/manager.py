"""The life of every version: found in a folder, loaded, served, replaced, let go.

One thread looks at the folders and decides; versions are loaded and unloaded in threads of their own.
A version that is no longer wanted goes only when a wanted one is available, so a broken new version
never takes the old one down (upstream: AvailabilityPreservingPolicy).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from model_server import texts
from model_server.config import Model
from model_server.errors import ServingError
from model_server.handles import AvailableVersions, Handle
from model_server.servable import Servable
from model_server.states import State, StateBoard
from model_server.versions import find_versions

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ManagerOptions:
    """How versions are looked for and loaded."""

    poll_wait_s: float | None = 1.0
    """Period of looking at the folders; 0 for once, None for never."""
    initial_load_threads: int = 4
    load_threads: int = 1
    max_load_retries: int = 5
    load_retry_interval_s: float = 60.0
    allow_labels_of_unavailable: bool = False


class _Version:
    """A version under way: the manager's own record of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = State.START
        self.error: ServingError | None = None
        self.unwanted = threading.Event()
        """Set when no one waits for the load any more: it is not tried again."""


class Manager:
    """Keeps the wanted versions of the configured models available."""

    def __init__(self, load: Callable[[Path], Servable], options: ManagerOptions) -> None:
        self.board = StateBoard()
        self.available = AvailableVersions()
        self._load = load
        self._options = options
        self._models: dict[str, Model] = {}
        self._aspired: dict[str, dict[int, Path]] = {}
        self._live: dict[str, dict[int, _Version]] = {}
        self._load_threads = options.initial_load_threads
        self._wakeup = threading.Condition()
        self._dirty = False
        self._reloading = threading.Lock()
        self._wanted_reload = 0
        self._done_reload = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="manager", daemon=True)

    def start(self, models: Mapping[str, Model]) -> None:
        """Serves `models`; returns when each has an available version.

        A model whose folder is missing or holds no version is waited for without limit, as upstream does.

        Raises:
            ServingError: Every version found of some model failed to load, or a label has no version.
        """
        self._check_labels(models)
        self._models = dict(models)
        self._thread.start()
        self.board.wait_for(lambda: self._closing.is_set() or self._are_settled(models))
        failed = [failure for name in models for failure in self._failures(name)]
        if failed:
            raise texts.models_not_available(failed)
        self.available.set_labels({name: model.labels for name, model in models.items()})
        with self._wakeup:
            self._load_threads = self._options.load_threads

    @property
    def models(self) -> Mapping[str, Model]:
        """The models that are wanted."""
        return self._models

    def reload(self, models: Mapping[str, Model], *, timeout_s: float | None = None) -> None:
        """Serves `models` in the place of the former; returns when each new one has an available version.

        Raises:
            ServingError: A label has no version, and nothing has changed; or every version of a new model
                failed to load, or none was available in time.
        """
        with self._reloading:
            self._check_labels(models)
            new = models.keys() - self._models.keys()
            with self._wakeup:
                self._models = dict(models)
                self._wanted_reload += 1
                reload = self._wanted_reload
            self.available.set_labels({name: model.labels for name, model in models.items()})
        self._wake()

        def is_done() -> bool:
            return self._closing.is_set() or (self._done_reload >= reload and self._are_settled(new))

        if not self.board.wait_for(is_done, timeout_s):
            raise texts.reload_not_finished()
        failed = [failure for name in sorted(new) for failure in self._failures(name)]
        if failed:
            raise texts.models_not_available(failed, "model")

    def close(self) -> None:
        """Stops looking and loading. Versions stay callable until the process ends."""
        self._closing.set()
        self.board.wake()
        self._wake()

    def _check_labels(self, models: Mapping[str, Model]) -> None:
        for model in models.values():
            for label, version in model.labels.items():
                is_moved = self.available.labelled(model.name, label) not in (None, version)
                if self._options.allow_labels_of_unavailable and not is_moved:
                    continue
                if version not in self.available.versions(model.name):
                    raise texts.label_of_unavailable_version(version, model.name)

    def _are_settled(self, names: Iterable[str]) -> bool:
        """Returns whether each is available, failed, or no longer wanted."""
        return all(self.available.versions(name) or self._failures(name) for name in names if name in self._models)

    def _failures(self, name: str) -> list[tuple[str, int, ServingError]]:
        """Returns the versions of a model that ended with an error, if nothing else is left of it."""
        live = sorted(self._live.get(name, {}).copy().items(), reverse=True)
        failed = [(name, version, entry.error) for version, entry in live if entry.error is not None]
        return failed if len(failed) == len(live) else []

    # --- The manager's thread -------------------------------------------------------------------

    def _work(self) -> None:
        next_poll_s: float | None = 0.0 if self._options.poll_wait_s is not None else None
        while not self._closing.is_set():
            reload = self._wanted_reload
            is_due = next_poll_s is not None and time.monotonic() >= next_poll_s
            if is_due or (reload != self._done_reload and self._options.poll_wait_s is not None):
                self._look_at_folders()
                period_s = self._options.poll_wait_s
                next_poll_s = time.monotonic() + period_s if period_s else None
            for name in list(self._live.keys() | self._models.keys()):
                self._reconcile(name)
            if reload != self._done_reload:
                self._done_reload = reload
                self.board.wake()
            self._sleep(next_poll_s)

    def _sleep(self, until_s: float | None) -> None:
        with self._wakeup:
            timeout_s = None if until_s is None else max(0.0, until_s - time.monotonic())
            self._wakeup.wait_for(lambda: self._dirty or self._closing.is_set(), timeout_s)
            self._dirty = False

    def _wake(self) -> None:
        with self._wakeup:
            self._dirty = True
            self._wakeup.notify_all()

    def _look_at_folders(self) -> None:
        models = self._models
        self._aspired = {name: aspired for name, aspired in self._aspired.items() if name in models}
        for name, model in models.items():
            try:
                found = find_versions(model.base_path)
            except OSError as error:
                # What is served goes on being served: an outage of the storage is not a wish to unload.
                _log.error("Cannot list the versions of %s under %s: %s", name, model.base_path, error.strerror)
                continue
            if not found:
                _log.warning(
                    "No versions of servable %s found under base path %s. Did you forget to name your leaf "
                    "directory as a number (eg. '/1/')?",
                    name,
                    model.base_path,
                )
            self._aspired[name] = model.policy.choose(name, found)

    def _reconcile(self, name: str) -> None:
        aspired = self._aspired.get(name, {})
        live = self._live.setdefault(name, {})
        for version in [version for version, entry in live.items() if entry.state is State.END]:
            # A failed version is remembered while its folder is there, so that it is not tried for ever.
            if version not in aspired or live[version].error is None:
                del live[version]
        for version, path in aspired.items():
            if version not in live:
                live[version] = _Version(path)
                self.board.publish(name, version, State.START)
        self._unload_unwanted(name, aspired, live)
        self._load_wanted(name, aspired, live)

    def _unload_unwanted(self, name: str, aspired: Mapping[int, Path], live: dict[int, _Version]) -> None:
        unaspired = {version: entry for version, entry in live.items() if version not in aspired}
        for version, entry in unaspired.items():
            entry.unwanted.set()
            if entry.state is State.START:
                entry.state = State.END
                self.board.publish(name, version, State.END)
        ready = sorted(version for version, entry in unaspired.items() if entry.state is State.AVAILABLE)
        if aspired and not any(live[version].state is State.AVAILABLE for version in aspired):
            ready = ready[:-1]  # the highest goes on serving until a wanted version can
        for version in ready:
            self._start_unload(name, version, live[version])

    def _load_wanted(self, name: str, aspired: Mapping[int, Path], live: dict[int, _Version]) -> None:
        for version in sorted(aspired, reverse=True):
            if live[version].state is not State.START:
                continue
            loading = sum(entry.state is State.LOADING for each in self._live.values() for entry in each.values())
            if loading >= self._load_threads:
                return
            entry = live[version]
            entry.state = State.LOADING
            self.board.publish(name, version, State.LOADING)
            self._in_thread(f"load-{name}-{version}", self._load_version, name, version, entry)

    def _start_unload(self, name: str, version: int, entry: _Version) -> None:
        entry.state = State.UNLOADING
        self.board.publish(name, version, State.UNLOADING)
        handle = self.available.remove(name, version)
        self._in_thread(f"unload-{name}-{version}", self._unload_version, name, version, entry, handle)

    @staticmethod
    def _in_thread(name: str, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, name=name, daemon=True).start()

    # --- Threads of one version -----------------------------------------------------------------

    def _load_version(self, name: str, version: int, entry: _Version) -> None:
        started_s = time.monotonic()
        try:
            servable = self._load_with_retries(name, version, entry)
        except ServingError as error:
            _log.error("Servable {name: %s version: %d} cannot be loaded: %s", name, version, error)
            entry.error = error
            entry.state = State.END
            self.board.publish(name, version, State.END, error)
        else:
            self.available.add(name, Handle(version, servable))
            entry.state = State.AVAILABLE
            self.board.publish(name, version, State.AVAILABLE)
            took_s = time.monotonic() - started_s
            _log.info("Successfully loaded servable version {name: %s version: %d} in %.2f s", name, version, took_s)
        self._wake()

    def _load_with_retries(self, name: str, version: int, entry: _Version) -> Servable:
        for attempt in range(self._options.max_load_retries + 1):
            try:
                return self._load(entry.path)
            except ServingError as error:
                is_last = attempt == self._options.max_load_retries
                if is_last or entry.unwanted.wait(0) or self._closing.is_set():
                    raise
                interval_s = self._options.load_retry_interval_s
                _log.warning(
                    "Loading {name: %s version: %d} failed, retry %d of %d in %g s: %s",
                    name,
                    version,
                    attempt + 1,
                    self._options.max_load_retries,
                    interval_s,
                    error,
                )
                if entry.unwanted.wait(interval_s):
                    raise
        raise AssertionError("max_load_retries is negative")

    def _unload_version(self, name: str, version: int, entry: _Version, handle: Handle) -> None:
        handle.retire()
        handle.servable.close()
        entry.state = State.END
        self.board.publish(name, version, State.END)
        _log.info("Done unloading servable version {name: %s version: %d}", name, version)
        self._wake()
