"""Which version a request gets, and how long it holds that version."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.run.servable import LoadedServable
from model_server.versions import texts


@dataclass(eq=False)
class VersionHandle:
    """A version that is, or was, available."""

    version: int
    servable: LoadedServable
    _calls: int = 0
    _retired: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def try_enter(self) -> bool:
        """Counts a call in; returns False once the version is retired."""
        with self._changed:
            if self._retired:
                return False
            self._calls += 1
            return True

    def leave(self) -> None:
        """Counts the call out."""
        with self._changed:
            self._calls -= 1
            self._changed.notify_all()

    def retire(self) -> None:
        """Refuses new calls, and returns after the last one."""
        with self._changed:
            self._retired = True
            self._changed.wait_for(lambda: self._calls == 0)


class AvailableVersions:
    """The versions that requests can use. Reading takes no lock: every change replaces the mapping."""

    def __init__(self) -> None:
        self._handles: dict[str, dict[int, VersionHandle]] = {}
        self._labels: dict[str, dict[str, int]] | None = None
        self._lock = threading.Lock()

    def add(self, model: str, handle: VersionHandle) -> None:
        """Makes a version available."""
        with self._lock:
            self._handles = {**self._handles, model: {**self._handles.get(model, {}), handle.version: handle}}

    def remove(self, model: str, version: int) -> VersionHandle:
        """Makes a version unavailable to new calls, and returns it to be retired."""
        with self._lock:
            versions = dict(self._handles[model])
            handle = versions.pop(version)
            self._handles = {**self._handles, model: versions}
        return handle

    def set_labels(self, labels: dict[str, dict[str, int]]) -> None:
        """Replaces the labels of all models. Before the first time, a request by label gets UNAVAILABLE."""
        self._labels = labels

    def labelled(self, model: str, label: str) -> int | None:
        """Returns the version to which a label of a model points, if there is one."""
        return (self._labels or {}).get(model, {}).get(label)

    def versions(self, model: str) -> set[int]:
        """Returns the versions of a model that are available."""
        return set(self._handles.get(model, ()))

    @contextmanager
    def use(self, spec: ModelSpec) -> Iterator[VersionHandle]:
        """Holds the version that a model_spec names, so that it is not unloaded during the call.

        Raises:
            ServingError: The name is missing, the label unknown, or the model or version not available.
        """
        while not (handle := self._find(spec)).try_enter():
            pass  # it was retired in between; its replacement is already available
        try:
            yield handle
        finally:
            handle.leave()

    def _find(self, spec: ModelSpec) -> VersionHandle:
        name = spec.name
        if not name:
            raise texts.missing_model_name()
        handles = self._handles.get(name, {})
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            if not handles:
                raise texts.model_not_found(name)
            return handles[max(handles)]
        version = spec.version.value if choice == "version" else self._labelled(name, spec.version_label)
        if version not in handles:
            raise texts.version_not_found(name, version)
        return handles[version]

    def _labelled(self, name: str, label: str) -> int:
        version = self.labelled(name, label)
        if self._labels is None:
            raise texts.labels_not_initialised(label)
        if version is None:
            raise texts.unknown_label(label)
        return version
