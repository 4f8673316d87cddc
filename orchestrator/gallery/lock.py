"""One writer at a time, among all processes that share a folder.

Lance lets writers race and makes the slower one retry. That alone is not enough here. Erasing a person removes old
versions of a table; a writer that began before could commit a version number that was removed in the meantime, and
no reader would ever find what it wrote (lance-format/lance issue 3718). An object store has no such lock; there, old
versions are kept for a grace time longer than any write (erase.py).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from facegrid.errors import GalleryUnavailable
from orchestrator.gallery.failures import gallery_errors

_POLL_S = 0.005


class FolderLock:
    """A lock that processes and threads share through a file; it is released when its holder ends, or is killed.

    Args:
        path: The file, which is made when it is first needed; None: the lock holds among this process's threads alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def hold(self, timeout_s: float) -> Iterator[None]:
        """Holds the lock within; waits for it up to `timeout_s`.

        Raises:
            GalleryUnavailable: Others hold it all the time, or the file cannot be locked.
        """
        with self.attempt(timeout_s) as held:
            if not held:
                raise GalleryUnavailable(f"others have been writing to the gallery for {timeout_s:g} s; try again")
            yield

    @contextmanager
    def attempt(self, timeout_s: float = 0) -> Iterator[bool]:
        """Gives whether the lock is held within, after waiting for it up to `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=timeout_s):
            yield False
            return
        try:
            with self._file(deadline_s) as held:
                yield held
        finally:
            self._threads.release()

    @contextmanager
    def _file(self, deadline_s: float) -> Iterator[bool]:
        if self._path is None:
            yield True
            return
        lock = FileLock(self._path, mode=0o600, fallback_to_soft=False)
        with gallery_errors("locked"), suppress(Timeout):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # vectors are private
            lock.acquire(timeout=max(deadline_s - time.monotonic(), 0), poll_interval=_POLL_S)
        try:
            yield lock.is_locked
        finally:
            lock.release()
