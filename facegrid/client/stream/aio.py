"""Many pictures or frames over one call, for asyncio: the same three parts as in `sync.py`, as tasks.

    caller's task              anext(generator) <-------- answers (at most `window`)
    sending task               iterable -> encode (in a thread) -> write
    receiving task             service -> answer

Both tasks are our own: gRPC's request task is not ended when the service breaks the call.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic

import grpc
from google.protobuf.message import Message

from facegrid.answers.faces import AnySourceT
from facegrid.client.status import error_of_rpc
from facegrid.client.stream.ledger import AnyItemT, Ledger
from facegrid.errors import DeadlineExceeded, FacegridError

if TYPE_CHECKING:
    from grpc.aio import StreamStreamCall


async def stream(
    start: Callable[[], "StreamStreamCall[Any, Any]"],
    sources: AsyncIterator[AnySourceT],
    ledger: Ledger[AnySourceT, AnyItemT],
    *,
    target: str,
    window: int,
    stall_s: float,
) -> AsyncGenerator[AnyItemT, None]:
    """Yields one answer for each source, in the order in which the service answers.

    Args:
        start: Begins the call; the stub's method.
        sources: Pictures or frames; read lazily.
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
    call = start()
    tasks = [
        asyncio.create_task(exchange.send(call), name="facegrid-send"),
        asyncio.create_task(exchange.receive(call, target), name="facegrid-receive"),
    ]
    try:
        while (item := await exchange.next_answer(stall_s)) is not None:
            yield item
    finally:
        for task in tasks:
            task.cancel()
        call.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Exchange(Generic[AnySourceT, AnyItemT]):
    """What the three tasks share."""

    def __init__(self, sources: AsyncIterator[AnySourceT], ledger: Ledger[AnySourceT, AnyItemT], window: int) -> None:
        self._sources = sources
        self._ledger = ledger
        self._places = asyncio.Semaphore(window)
        # Bounded by the places; None says that the call is over.
        self._answers: asyncio.Queue[AnyItemT | None] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._active_s = time.monotonic()
        self._failed_reading: BaseException | None = None
        self._broken: FacegridError | None = None

    async def send(self, call: "StreamStreamCall[Any, Any]") -> None:
        """Sends the requests; a task of its own."""
        try:
            async with aclosing(self._requests()) as requests:
                async for request in requests:
                    await call.write(request)
            await call.done_writing()
        except (grpc.RpcError, asyncio.InvalidStateError):
            return  # the call is over; the receiving task learns the reason

    async def receive(self, call: "StreamStreamCall[Any, Any]", target: str) -> None:
        """Collects the answers until the call is over; a task of its own."""
        broken: FacegridError | None = None
        try:
            async for response in call:
                item = self._ledger.answer(response)
                self._active_s = time.monotonic()
                self._answered.set()
                if item is not None:
                    self._answers.put_nowait(item)
        except grpc.RpcError as err:
            broken = error_of_rpc(err, target)
        except FacegridError as err:
            broken = err
        finally:  # whatever happens here, the caller must not wait without end
            if not self._ledger.ended:
                self._broken = self._ledger.broken(broken)
            self._answers.put_nowait(None)

    async def next_answer(self, stall_s: float) -> AnyItemT | None:
        """Returns the next answer, waiting for it; None when the call ended well."""
        item = await self._take(stall_s)
        if item is not None:
            self._places.release()
            return item
        if self._broken is not None:
            raise self._broken
        if self._failed_reading is not None:
            raise self._failed_reading
        return None

    async def _requests(self) -> AsyncGenerator[Message, None]:
        for message in self._ledger.opening():
            yield message
        while True:
            await self._places.acquire()
            try:
                source = await anext(self._sources)
                request = await self._prepare(source)
            except StopAsyncIteration:
                break
            except asyncio.CancelledError:
                raise
            except BaseException as err:  # noqa: BLE001  (raised again in the caller's task)
                self._failed_reading = err
                break
            if request is not None:
                yield request
        yield self._ledger.end()

    async def _prepare(self, source: AnySourceT) -> Message | None:
        """Returns the request for an item; an item that cannot be sent is answered here, with None."""
        item = self._ledger.admit(source)
        try:
            request = await asyncio.to_thread(self._ledger.encode, item)
        except (FacegridError, OSError) as err:
            self._answers.put_nowait(self._ledger.refused(item, err))
            return None
        px = self._ledger.count_px(request)
        while not self._ledger.fits(px):
            self._answered.clear()
            await self._answered.wait()
        if not self._ledger.unanswered:
            self._active_s = time.monotonic()
        self._ledger.sent(item, px)
        return request

    async def _take(self, stall_s: float) -> AnyItemT | None:
        while True:
            # With nothing unanswered there is nothing to wait for but the iterable, which may take its time.
            left_s = self._active_s + stall_s - time.monotonic() if self._ledger.unanswered else stall_s
            if left_s <= 0:
                raise self._ledger.broken(DeadlineExceeded(f"no answer for {stall_s:g} s"))
            try:
                async with asyncio.timeout(left_s):
                    return await self._answers.get()
            except TimeoutError:
                continue
