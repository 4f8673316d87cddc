"""Which version is loaded or unloaded next.

One thread looks at the folders and decides; versions are loaded and unloaded in threads of their own.
A version that is no longer wanted is unloaded only when a wanted one is available, so a broken new version
never takes the old one down (upstream: AvailabilityPreservingPolicy).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model_server.errors import ServingError
from model_server.files.model_config import ConfiguredModel
from model_server.run.servable import LoadedServable
from model_server.versions import texts
from model_server.versions.available import AvailableVersions
from model_server.versions.lifecycle import VersionLifecycle
from model_server.versions.retries import LoadRetries
from model_server.versions.states import StateBoard, VersionState
from model_server.versions.version import Version
from model_server.versions.watcher import FolderWatcher


@dataclass(frozen=True)
class VersionManagerOptions:
    """How versions are found and loaded."""

    poll_wait_s: float | None = 1.0
    """Seconds between two looks at the folders; 0 for one look, None for none."""
    initial_load_threads: int = 4
    load_threads: int = 1
    retries: LoadRetries = field(default_factory=LoadRetries)
    allow_labels_of_unavailable: bool = False


class VersionManager:
    """Keeps the wanted versions of the configured models available."""

    def __init__(self, load: Callable[[Path], LoadedServable], options: VersionManagerOptions) -> None:
        self.board = StateBoard()
        self.available = AvailableVersions()
        self._options = options
        self._lifecycle = VersionLifecycle(load, options.retries, self.board, self.available, self._wake)
        self._watcher = FolderWatcher(self.board)
        self._models: dict[str, ConfiguredModel] = {}
        self._live: dict[str, dict[int, Version]] = {}
        self._load_threads = options.initial_load_threads
        self._wakeup = threading.Condition()
        self._dirty = False
        self._reloading = threading.Lock()
        self._wanted_reload = 0
        self._done_reload = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="manager", daemon=True)

    def start(self, models: Mapping[str, ConfiguredModel] | None) -> None:
        """Serves `models`; returns when each has an available version.

        As upstream, it waits without limit for a model whose folder is missing or has no version. None stands for a
        config without a list, which upstream ignores: then no labels are known either.

        Raises:
            ServingError: Every version found of some model failed to load, or a label has no version.
        """
        if models is None:
            self._thread.start()
            return
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
    def models(self) -> Mapping[str, ConfiguredModel]:
        """The models that are wanted."""
        return self._models

    def reload(self, models: Mapping[str, ConfiguredModel], *, timeout_s: float | None = None) -> None:
        """Serves `models` instead of the former; returns when each new one has an available version.

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
        """Stops the look-outs and the loads. Versions stay callable until the process ends."""
        self._closing.set()
        self.board.wake()
        self._wake()

    def _check_labels(self, models: Mapping[str, ConfiguredModel]) -> None:
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
        """Returns the versions of a model that ended with an error, if it has no others."""
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
                self._watcher.look(self._models)
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

    def _reconcile(self, name: str) -> None:
        aspired = self._watcher.wanted(name)
        live = self._live.setdefault(name, {})
        for number in [number for number, version in live.items() if version.state is VersionState.END]:
            # A failed version is remembered while its files are unchanged, so that it is not loaded again and again.
            version = live[number]
            if number not in aspired or version.error is None or version.has_changed_since_it_failed():
                del live[number]
        for number, path in aspired.items():
            if number not in live:
                live[number] = Version(name, number, path)
                self._lifecycle.publish(live[number], VersionState.START)
        self._unload_unwanted(aspired, live)
        self._load_wanted(aspired, live)

    def _unload_unwanted(self, aspired: Mapping[int, Path], live: Mapping[int, Version]) -> None:
        unaspired = [version for number, version in live.items() if number not in aspired]
        for version in unaspired:
            version.unwanted.set()
            if version.state is VersionState.START:
                self._lifecycle.publish(version, VersionState.END)
        ready = sorted(version.number for version in unaspired if version.state is VersionState.AVAILABLE)
        if aspired and not any(live[number].state is VersionState.AVAILABLE for number in aspired):
            ready = ready[:-1]  # the highest stays until a wanted version is available
        for number in ready:
            self._lifecycle.start_unload(live[number])

    def _load_wanted(self, aspired: Mapping[int, Path], live: Mapping[int, Version]) -> None:
        for number in sorted(aspired, reverse=True):
            if live[number].state is not VersionState.START:
                continue
            loading = sum(
                version.state is VersionState.LOADING for each in self._live.values() for version in each.values()
            )
            if loading >= self._load_threads:
                return
            self._lifecycle.start_load(live[number])
