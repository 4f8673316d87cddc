"""The protocol of DetectStream: a bounded window of items, answers in the order of completion."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from facegrid.errors import FacegridError, InvalidRequest
from facegrid.v1 import detect_pb2
from orchestrator.api.status import to_message

_Request = detect_pb2.DetectStreamRequest
_Response = detect_pb2.DetectStreamResponse
_Detect = Callable[[detect_pb2.DetectRequest], Awaitable[detect_pb2.DetectResponse]]


async def answer_stream(
    requests: AsyncIterator[_Request], detect: _Detect, *, window: int, max_id_bytes: int
) -> AsyncGenerator[_Response, None]:
    """Yields one answer for each item, result or error, then the end.

    No more than `window` items are read before their answers are taken: a caller that sends faster
    waits, and so does one that does not read. A caller that half-closes without `End` gets what is in
    flight and no `End`, since a cancelled call looks the same. What is in flight when the stream is
    abandoned is cancelled.

    Args:
        requests: What the caller sends.
        detect: Answers one item.
        window: Items in flight at most.
        max_id_bytes: Longest id of an item.

    Raises:
        InvalidRequest: An empty message, an id in use or too long.
    """
    items = _Items(requests, detect, window=window, max_id_bytes=max_id_bytes)
    reading = asyncio.create_task(items.read_all())
    count = 0
    try:
        while (answer := await items.answers.get()) is not None:
            yield answer
            items.slots.release()
            count += 1
        if await reading:
            yield _Response(end=_Response.End(items=count))
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


class _Items:
    """The items of one stream, from being read to being answered."""

    def __init__(self, requests: AsyncIterator[_Request], detect: _Detect, *, window: int, max_id_bytes: int) -> None:
        self._requests = requests
        self._detect = detect
        self._max_id_bytes = max_id_bytes
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self.slots = asyncio.Semaphore(window)
        """One for each item from before it is read until its answer is taken."""
        self.answers: asyncio.Queue[_Response | None] = asyncio.Queue()
        """Answers as they come; None is the last."""

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
                    self._in_flight[request.item.id] = asyncio.create_task(self._answer(request.item))
                case "end":
                    return True
                case _:
                    raise InvalidRequest("a message has neither `item` nor `end`")

    async def _answer(self, item: _Request.Item) -> None:
        try:
            answer = _Response(id=item.id, response=await self._detect(item.request))
        except FacegridError as err:
            answer = _Response(id=item.id, error=to_message(err))
        del self._in_flight[item.id]
        self.answers.put_nowait(answer)

    def _check_id(self, item_id: str) -> None:
        size = len(item_id.encode())
        if size > self._max_id_bytes:
            raise InvalidRequest(f"an item's id has {size} bytes, at most {self._max_id_bytes} are accepted")
        if item_id in self._in_flight:
            raise InvalidRequest("an item has the id of one that is still in flight")
