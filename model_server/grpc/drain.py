"""The drain of a server: new calls are refused, and those under way are answered."""

import threading
import time

import grpc

from model_server.grpc import texts


class CallGate:
    """Counts the calls under way, and can be closed to new ones."""

    def __init__(self) -> None:
        self._under_way = 0
        self._refused = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def enter(self, context: grpc.ServicerContext) -> None:
        """Counts a call in. It is counted out when gRPC has finished it, that is after the response was sent.

        Raises:
            ServingError: UNAVAILABLE; the gate is closed.
        """
        with self._changed:
            if self._is_closed:
                self._refused += 1
                self._changed.notify_all()
                raise texts.stopping()
            self._under_way += 1
        if not context.add_callback(self._leave):
            self._leave()  # the caller has gone already

    def close(self) -> None:
        """Refuses new calls."""
        with self._changed:
            self._is_closed = True

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Returns whether no call was left within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, timeout_s)

    def wait_until_quiet(self, pause_s: float, timeout_s: float) -> None:
        """Blocks until no call was refused for `pause_s`, or `timeout_s` is over.

        A call that arrives in the moment in which a gRPC server stops is cancelled without a text, and a caller
        that was just answered may be about to call again.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while (left_s := deadline_s - time.monotonic()) > 0:
                before = self._refused
                self._changed.wait(min(pause_s, left_s))
                if self._refused == before:
                    return

    def _leave(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()
