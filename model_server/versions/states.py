"""The state of every version ever seen, and the problems of their folders: what GetModelStatus reports.

States only go forward. A version that ended stays listed, and starts again when its folder comes back.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from model_server.errors import ServingError


class VersionState(IntEnum):
    """Numbers are those of tensorflow.serving.ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionStatus:
    """The state of a version, and the error if it ended with one."""

    state: VersionState
    error: ServingError | None = None


class StateBoard:
    """States by model and version, safe to use from any thread."""

    def __init__(self) -> None:
        self._states: dict[str, dict[int, VersionStatus]] = {}
        self._problems: dict[str, tuple[str, ...]] = {}
        self._changed = threading.Condition()

    def publish(self, model: str, version: int, state: VersionState, error: ServingError | None = None) -> None:
        """Sets the state of a version and wakes every waiting thread."""
        with self._changed:
            self._states.setdefault(model, {})[version] = VersionStatus(state, error)
            self._changed.notify_all()

    def set_problems(self, model: str, problems: tuple[str, ...]) -> None:
        """Sets the problems of a model's folder, one sentence each."""
        with self._changed:
            self._problems[model] = problems

    def problems(self, model: str) -> tuple[str, ...]:
        """Returns the present problems of a model's folder."""
        with self._changed:
            return self._problems.get(model, ())

    def wake(self) -> None:
        """Makes every waiting thread check its condition again."""
        with self._changed:
            self._changed.notify_all()

    def of_model(self, model: str) -> dict[int, VersionStatus]:
        """Returns every version of a model that was ever seen, the highest number first."""
        with self._changed:
            return dict(sorted(self._states.get(model, {}).items(), reverse=True))

    def wait_for(self, is_done: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Blocks until `is_done()`, which is checked after every publication. Returns its last value."""
        with self._changed:
            return self._changed.wait_for(is_done, timeout_s)
