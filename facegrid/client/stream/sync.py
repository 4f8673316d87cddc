"""Many pictures or frames over one call, for threads.

    caller's thread            next(generator) <---------- answers (at most `window`)
                                                              ^            ^
    gRPC's request thread      iterable -> encode -> send ----|-- refused -'
    our receiving thread       service -> answer -------------'

The iterable is read in gRPC's thread, one item for each free place in the window. A place is taken
before an item is read and free again when its answer has been handed to the caller, so a slow
caller slows the reading, and memory is bounded by the window.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, Protocol

import grpc
from google.protobuf.message import Message

from facegrid.answers.faces import AnySourceT
from facegrid.client.status import error_of_rpc
from facegrid.client.stream.ledger import AnyItemT, Ledger
from facegrid.errors import DeadlineExceeded, FacegridError


class ResponseStream(Protocol):
    """The part of a gRPC call that is used here."""

    def __iter__(self) -> Iterator[Any]:
        """Iterates over the messages of the service."""

    def cancel(self) -> object:
        """Ends the call."""


def stream(
    start: Callable[[Iterator[Message]], ResponseStream],
    sources: Iterator[AnySourceT],
    ledger: Ledger[AnySourceT, AnyItemT],
    *,
    target: str,
    window: int,
    stall_s: float,
) -> Generator[AnyItemT, None, None]:
    """Yields one answer for each source, in the order in which the service answers.

    Args:
        start: Begins the call with an iterator of requests; the stub's method.
        sources: Pictures or frames; read lazily, in another thread.
        ledger: A new one.
        target: Named in errors.
        window: Most sources that are read and whose answer has not been yielded.
        stall_s: Longest wait for any answer while one is due.

    Raises:
        FacegridError: the call broke; the message says how many items are unanswered.
        DeadlineExceeded: no answer came for `stall_s`.
        BaseException: whatever `sources` raised, after the answers under way.
    """
    exchange = _Exchange(sources, ledger, window)
    call = start(exchange.requests())
    receiver = threading.Thread(target=exchange.receive, args=(call, target), name="facegrid-receive", daemon=True)
    receiver.start()
    try:
        while (item := exchange.next_answer(stall_s)) is not None:
            yield item
    finally:
        exchange.close()
        call.cancel()
        receiver.join()


class _Exchange(Generic[AnySourceT, AnyItemT]):
    """What the three threads share; every field below `_changed` is guarded by it."""

    def __init__(self, sources: Iterator[AnySourceT], ledger: Ledger[AnySourceT, AnyItemT], window: int) -> None:
        self._sources = sources
        self._changed = threading.Condition()
        self._ledger = ledger
        self._free = window
        self._answers: deque[AnyItemT] = deque()
        self._active_s = time.monotonic()
        self._failed_reading: BaseException | None = None
        self._over = False
        self._broken: FacegridError | None = None
        self._closed = False

    def requests(self) -> Iterator[Message]:
        """Yields what is to be sent; gRPC's thread runs this."""
        yield from self._ledger.opening()
        while self._take_place():
            try:
                request = self._prepare(next(self._sources))
            except StopIteration:
                break
            except BaseException as err:  # noqa: BLE001  (raised again in the caller's thread)
                self._failed_reading = err
                break
            if request is not None:
                yield request
        else:
            return  # the call is over or given up: the end would say that all was sent
        yield self._ledger.end()

    def receive(self, call: ResponseStream, target: str) -> None:
        """Collects the answers until the call is over; our own thread runs this."""
        broken: FacegridError | None = None
        try:
            for response in call:
                self._receive_one(response)
        except grpc.RpcError as err:
            broken = error_of_rpc(err, target)
        except FacegridError as err:
            broken = err
            call.cancel()
        finally:  # whatever happens here, the caller must not wait without end
            with self._changed:
                self._over = True
                if not self._ledger.ended:
                    self._broken = self._ledger.broken(broken)
                self._changed.notify_all()

    def next_answer(self, stall_s: float) -> AnyItemT | None:
        """Returns the next answer, waiting for it; None when the call ended well."""
        with self._changed:
            while not self._answers and not self._over:
                self._wait_for_change(stall_s)
            if self._answers:
                self._free += 1
                self._changed.notify_all()
                return self._answers.popleft()
        if self._broken is not None:
            raise self._broken
        if self._failed_reading is not None:
            raise self._failed_reading
        return None

    def close(self) -> None:
        """Wakes the thread that sends, if it waits for a place, to end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take_place(self) -> bool:
        """Waits for a place in the window; False when the caller has left or the call is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 or self._closed or self._over)
            self._free -= 1
            return not (self._closed or self._over)

    def _prepare(self, source: AnySourceT) -> Message | None:
        """Returns the request for an item; an item that cannot be sent is answered here, with None."""
        with self._changed:
            item = self._ledger.admit(source)
        try:
            request = self._ledger.encode(item)
        except (FacegridError, OSError) as err:
            with self._changed:
                self._answers.append(self._ledger.refused(item, err))
                self._changed.notify_all()
            return None
        px = self._ledger.count_px(request)
        with self._changed:
            self._changed.wait_for(lambda: self._ledger.fits(px) or self._closed or self._over)
            if not self._ledger.unanswered:
                self._active_s = time.monotonic()
            self._ledger.sent(item, px)
            self._changed.notify_all()
        return request

    def _receive_one(self, response: Any) -> None:
        with self._changed:
            item = self._ledger.answer(response)
            self._active_s = time.monotonic()
            if item is not None:
                self._answers.append(item)
            self._changed.notify_all()

    def _wait_for_change(self, stall_s: float) -> None:
        if not self._ledger.unanswered:
            self._changed.wait()
            return
        left_s = self._active_s + stall_s - time.monotonic()
        if left_s <= 0:
            raise self._ledger.broken(DeadlineExceeded(f"no answer for {stall_s:g} s"))
        self._changed.wait(left_s)
