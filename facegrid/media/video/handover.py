"""Frames from the thread that reads them to the one that wants them.

FFmpeg may wait in a system call that nothing ends, so it has a thread of its own, which is left alone when it does
not come back. The thread that wants a frame waits here, where a signal, `stop` or a time limit wakes it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

_AHEAD = 4


class Silent(Exception):
    """The thread that reads has shown no sign of life for too long."""


class Handover(Generic[ItemT]):
    """A short queue with an end, an error and a time limit.

    Args:
        silence_s: Longest wait without a sign of life from the thread that reads; None: no limit.
    """

    def __init__(self, silence_s: float | None) -> None:
        self._silence_s = silence_s
        self._changed = threading.Condition()
        self._ready: deque[ItemT] = deque()
        self._is_open = False
        self._is_over = False
        self._is_stopped = threading.Event()
        self._error: BaseException | None = None
        self._active_s = time.monotonic()

    @property
    def is_stopped(self) -> bool:
        """Whether the frames are wanted no more."""
        return self._is_stopped.is_set()

    # For the thread that reads.

    def run(self, read: Callable[[], None]) -> None:
        """Reads everything; what `read` raises is raised again by `wait_until_open` or `take`."""
        try:
            read()
        except BaseException as err:  # noqa: BLE001  (raised again in the other thread)
            self._error = err
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def open(self) -> None:
        """Says that frames will follow."""
        with self._changed:
            self._is_open = True
            self._active_s = time.monotonic()
            self._changed.notify_all()

    def touch(self) -> None:
        """Shows a sign of life."""
        self._active_s = time.monotonic()

    def put(self, item: ItemT) -> None:
        """Hands an item over, waiting for room, or for `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < _AHEAD or self.is_stopped)
            self._ready.append(item)
            self._active_s = time.monotonic()
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Waits; returns False, at once, where nothing is wanted any more."""
        return not self._is_stopped.wait(seconds)

    # For the thread that wants the items.

    def wait_until_open(self) -> None:
        """Waits for the first of `open` and the end.

        Raises:
            Silent: Neither happened in time.
            BaseException: What the other thread raised before it had opened its source.
        """
        with self._changed:
            self._wait_for(lambda: self._is_open or self._is_over)
        if not self._is_open and self._error is not None:
            raise self._error

    def take(self) -> ItemT | None:
        """Returns the next item, waiting for it; None after the last, or after `stop`.

        Raises:
            Silent: It did not come in time.
            BaseException: What the other thread raised.
        """
        with self._changed:
            self._wait_for(lambda: bool(self._ready) or self._is_over)
            if self.is_stopped:
                return None
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
        if self._error is not None:
            raise self._error
        return None

    def stop(self) -> None:
        """Ends every wait, on both sides."""
        self._is_stopped.set()
        with self._changed:
            self._changed.notify_all()

    def _wait_for(self, is_done: Callable[[], bool]) -> None:
        begun_s = time.monotonic()
        while not (is_done() or self.is_stopped):
            left_s = None
            if self._silence_s is not None:
                # The other thread is silent while there is no room for more.
                left_s = max(self._active_s, begun_s) + self._silence_s - time.monotonic()
                if left_s <= 0:
                    raise Silent
            self._changed.wait(left_s)
