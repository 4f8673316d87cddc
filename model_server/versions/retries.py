"""How a failed load is retried."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from model_server.errors import ServingError
from model_server.run.servable import LoadedServable
from model_server.versions.folders import fingerprint
from model_server.versions.version import Version

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadRetries:
    """How often a failed load is retried, and after which pause."""

    max_retries: int = 5
    interval_s: float = 60.0


def load_with_retries(
    version: Version, load: Callable[[Path], LoadedServable], retries: LoadRetries
) -> tuple[LoadedServable | None, ServingError | None]:
    """Returns the loaded version, or the last error. Blocks during the pauses between attempts.

    A version that is no longer wanted is not retried.
    """
    retry = 0
    while True:
        version.tried = fingerprint(version.path)
        servable, error = _load_once(version, load)
        if servable is not None or retry >= retries.max_retries or version.unwanted.is_set():
            return servable, error
        retry += 1
        _log.warning(
            "Loading %s failed, retry %d of %d in %g s: %s",
            version,
            retry,
            retries.max_retries,
            retries.interval_s,
            error,
        )
        if version.unwanted.wait(retries.interval_s):
            return None, error


def _load_once(
    version: Version, load: Callable[[Path], LoadedServable]
) -> tuple[LoadedServable | None, ServingError | None]:
    try:
        return load(version.path), None
    except ServingError as error:
        # A new error: the traceback of this one refers to the graph, the session and their weights.
        return None, ServingError(error.code, error.message)
    except Exception as error:  # noqa: BLE001 - it becomes the state of the version
        _log.exception("loading %s failed unexpectedly", version)
        return None, ServingError(grpc.StatusCode.INTERNAL, f"{version.path}: {type(error).__name__}: {error}")
