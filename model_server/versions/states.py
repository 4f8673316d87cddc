"""The state of every version ever seen and of the folders they come from, as GetModelStatus tells it.

States go strictly forward; a version that ended stays listed, and starts again when its folder comes back.
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
    """Where a version is, and what went wrong if it ended with an error."""

    state: VersionState
    error: ServingError | None = None


class StateBoard:
    """States by model and version, safe to use from any thread."""

    def __init__(self) -> None:
        self._states: dict[str, dict[int, VersionStatus]] = {}
        self._problems: dict[str, tuple[str, ...]] = {}
        self._changed = threading.Condition()

    def publish(self, model: str, version: int, state: VersionState, error: ServingError | None = None) -> None:
        """Sets the state of a version and wakes everyone who waits."""
        with self._changed:
            self._states.setdefault(model, {})[version] = VersionStatus(state, error)
            self._changed.notify_all()

    def set_problems(self, model: str, problems: tuple[str, ...]) -> None:
        """Sets what is wrong with the folder of a model, a sentence each."""
        with self._changed:
            self._problems[model] = problems

    def problems(self, model: str) -> tuple[str, ...]:
        """Returns what is wrong with the folder of a model right now."""
        with self._changed:
            return self._problems.get(model, ())

    def wake(self) -> None:
        """Makes everyone who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def of_model(self, model: str) -> dict[int, VersionStatus]:
        """Returns every version of a model that was ever seen, the highest number first."""
        with self._changed:
            return dict(sorted(self._states.get(model, {}).items(), reverse=True))

    def wait_for(self, is_done: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Returns `is_done()`, which is asked again whenever something was published, until it is true."""
        with self._changed:
            return self._changed.wait_for(is_done, timeout_s)
