"""One writer at a time, among all processes that share a folder.

Lance lets writers race and makes the slower one try again. That alone is not enough here: erasing a person
removes old versions of a table, and a writer that began before could commit a version number that was
removed meanwhile, so that nobody ever finds what it wrote (lance-format/lance issue 3718). An object
store has no such lock; there, old versions are kept for a grace time longer than any write (erase.py).
"""

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facegrid.errors import GalleryUnavailable
from orchestrator.gallery.failures import gallery_errors

_FIRST_WAIT_S = 0.001
_LONGEST_WAIT_S = 0.02


class FolderLock:
    """A lock that processes and threads share through a file; it ends with its holder, however that ends.

    Args:
        path: The file, which is made when it is first needed; None where there is nothing to lock.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def hold(self, timeout_s: float) -> Iterator[None]:
        """Holds the lock within; waits for it up to `timeout_s`.

        Raises:
            GalleryUnavailable: Others held it all the time, or the file cannot be locked.
        """
        with self.attempt(timeout_s) as held:
            if not held:
                raise GalleryUnavailable(f"others have been writing to the gallery for {timeout_s:g} s; try again")
            yield

    @contextmanager
    def attempt(self, timeout_s: float = 0) -> Iterator[bool]:
        """Gives whether the lock is held within, after waiting for it up to `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=timeout_s):
            yield False
            return
        try:
            with self._file() as descriptor:
                yield descriptor is None or _lock(descriptor, deadline)
        finally:
            self._threads.release()

    @contextmanager
    def _file(self) -> Iterator[int | None]:
        if self._path is None:
            yield None
            return
        with gallery_errors("locked"):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # vectors are nobody else's business
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)  # and with it the lock


def _lock(descriptor: int, deadline: float) -> bool:
    wait_s = _FIRST_WAIT_S
    while not _try_lock(descriptor):
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            return False
        # Waiters of different patience, so that they do not all come back at once.
        time.sleep(min(remaining_s, random.uniform(wait_s / 2, wait_s)))
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
    return True


def _try_lock(descriptor: int) -> bool:
    with gallery_errors("locked"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
