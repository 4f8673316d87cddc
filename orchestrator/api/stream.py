"""The protocol of DetectStream, EmbedStream and the like: a bounded window of items, answered as they complete.

The messages of these methods differ only in the request and the response inside.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from facegrid.errors import FacegridError, InvalidRequest
from orchestrator.api.methods import response_type
from orchestrator.api.status import to_message
from orchestrator.api.work_time import work_measured

_Answer = Callable[[Any], Awaitable[Any]]


async def answer_stream(
    name: str, requests: AsyncIterator[Any], answer: _Answer, *, window: int, max_id_bytes: int
) -> AsyncGenerator[Any, None]:
    """Yields one answer for each item, result or error, then the end.

    At most `window` items are read before their answers are taken: a caller that sends faster waits, and so does one
    that does not read. A caller that half-closes without `End` gets the answers in flight and no `End`, since a
    cancelled call looks the same. When the stream is abandoned, what is in flight is cancelled.

    Args:
        name: The method, such as DetectStream.
        requests: The caller's messages.
        answer: Answers the request of one item.
        window: Most items in flight.
        max_id_bytes: Longest id of an item.

    Raises:
        InvalidRequest: An empty message, an id in use or too long.
    """
    items = _ItemWindow(response_type(name), requests, answer, window=window, max_id_bytes=max_id_bytes)
    reading = asyncio.create_task(items.read_all())
    count = 0
    try:
        while (response := await items.answers.get()) is not None:
            yield response
            items.slots.release()
            count += 1
        if await reading:
            yield items.end(count)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


class _ItemWindow:
    """The items of one stream, from being read to being answered."""

    def __init__(
        self, response: Any, requests: AsyncIterator[Any], answer: _Answer, *, window: int, max_id_bytes: int
    ) -> None:
        self._response = response
        self._requests = requests
        self._answer = answer
        self._max_id_bytes = max_id_bytes
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self.slots = asyncio.Semaphore(window)
        """One for each item from before it is read until its answer is taken."""
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        """Answers as they come; None is the last."""

    def end(self, count: int) -> Any:
        """Returns the last message."""
        return self._response(end=self._response.End(items=count))

    async def read_all(self) -> bool:
        """Reads and starts every item; returns, when all are answered, whether the caller sent `End`."""
        try:
            ended = await self._read_until_end()
            await asyncio.gather(*self._in_flight.values())
            return ended
        finally:
            for task in self._in_flight.values():
                task.cancel()
            self.answers.put_nowait(None)

    async def _read_until_end(self) -> bool:
        while True:
            await self.slots.acquire()
            request = await anext(self._requests, None)
            if request is None:
                return False
            match request.WhichOneof("message"):
                case "item":
                    self._check_id(request.item.id)
                    self._in_flight[request.item.id] = asyncio.create_task(self._answer_item(request.item))
                case "end":
                    return True
                case _:
                    raise InvalidRequest("a message has neither `item` nor `end`")

    async def _answer_item(self, item: Any) -> None:
        with work_measured() as worked:
            try:
                response = self._response(id=item.id, response=await self._answer(item.request))
            except FacegridError as err:
                response = self._response(id=item.id, error=to_message(err))
        response.work_ms = worked.seconds * 1000
        del self._in_flight[item.id]
        self.answers.put_nowait(response)

    def _check_id(self, item_id: str) -> None:
        size = len(item_id.encode())
        if size > self._max_id_bytes:
            raise InvalidRequest(f"an item's id has {size} bytes, at most {self._max_id_bytes} are accepted")
        if item_id in self._in_flight:
            raise InvalidRequest("an item has the id of one that is still in flight")
