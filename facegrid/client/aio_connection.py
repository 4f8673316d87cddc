"""The connection of the client for asyncio, the twin of `_connection.py`."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import grpc

from facegrid.answers.faces import AnySourceT, Health
from facegrid.answers.video import AsyncIdentifiedVideo
from facegrid.client import health
from facegrid.client.calls import AnswerT, Call
from facegrid.client.channel import HUNG_SERVICE_S, check_target
from facegrid.client.credentials import Access, TlsChoice
from facegrid.client.request_ids import identified
from facegrid.client.status import raised_as_facegrid_errors
from facegrid.client.stream.aio import stream
from facegrid.client.stream.ledger import Form, ItemT, Ledger, check_many, check_window
from facegrid.client.stream.video import UNBOUNDED, open_video_async
from facegrid.client.stub import Stub
from facegrid.client.wire.video import Frame, check_frames
from facegrid.errors import DeadlineExceeded, FacegridError


class AsyncConnection:
    """A channel to the service; `facegrid.client.aio.AsyncClient` says what can be asked over it."""

    def __init__(self, target: str, *, api_key: str | None = None, tls: TlsChoice = None) -> None:
        self.target = check_target(target)
        access = Access(target, api_key, tls)
        asyncio.get_running_loop()  # a channel made outside would belong to a loop that never runs
        self._channel = access.channel(grpc.aio, target)
        self._stub = access.authorized(Stub(self._channel))
        self._check: Any = self._channel.unary_unary(
            health.METHOD,
            request_serializer=health.serialize_request,
            response_deserializer=health.parse_response,
        )
        self._closed = False

    async def health(self, *, timeout_s: float = 5.0) -> Health:
        """Returns what the service says of itself; see `Client.health`."""
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            status: Health = await self._check(health.REQUEST, timeout=timeout_s)
        return status

    async def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns when the service says that it is serving; see `Client.wait_until_ready`."""
        give_up_s = time.monotonic() + timeout_s
        last = "it was not asked"
        while (left_s := give_up_s - time.monotonic()) > 0:
            try:
                status = await self.health(timeout_s=min(left_s, 1.0))
                if status is Health.SERVING:
                    return
                last = f"it says {status}"
            except FacegridError as err:
                # The last question may be cut short by the end of the time, which would hide what was said before.
                if not (isinstance(err, DeadlineExceeded) and last.startswith("it says")):
                    last = err.message
            await asyncio.sleep(min(0.1, left_s))
        raise DeadlineExceeded(f"the service at {self.target} is not ready after {timeout_s:g} s: {last}")

    async def close(self) -> None:
        """Ends the connection and the calls under way. Closing again does nothing."""
        self._closed = True
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, build: Callable[..., Call[AnswerT]], *args: Any) -> AnswerT:
        """Returns the answer to the call that `build` makes of the arguments, in a thread: it may read files."""
        return await self._answer(await asyncio.to_thread(build, *args))

    async def _answer(self, call: Call[AnswerT]) -> AnswerT:
        self._require_open()
        method, request_id = identified(getattr(self._stub, call.method))
        with raised_as_facegrid_errors(self.target, request_id):
            return call.read(await method(call.request, timeout=call.wait_s))

    def _stream(
        self,
        form: Form[AnySourceT, ItemT],
        images: Iterable[AnySourceT] | AsyncIterable[AnySourceT],
        window: int,
        timeout_s: float | None,
    ) -> AsyncGenerator[ItemT, None]:
        check_window(window)
        check_many(images)
        self._require_open()
        method, request_id = identified(getattr(self._stub, form.method))
        return stream(
            method,
            as_async(images),
            Ledger(form, request_id),
            target=self.target,
            window=window,
            stall_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    def _video(
        self, first: Any, frames: Iterable[Frame] | AsyncIterable[Frame], window: int, timeout_s: float | None
    ) -> AsyncIdentifiedVideo:
        check_window(window)
        check_frames(frames)
        self._require_open()
        return open_video_async(
            *identified(self._stub.IdentifyVideo),
            as_async(frames),
            first,
            target=self.target,
            window=UNBOUNDED if first.options.live else window,
            wait_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"this client of {self.target} is closed")


def as_async(images: Iterable[AnySourceT] | AsyncIterable[AnySourceT]) -> AsyncIterator[AnySourceT]:
    """Returns an iterator over either kind of iterable; raises TypeError at once where it is neither."""
    if isinstance(images, AsyncIterable):
        return aiter(images)
    return _over(iter(images))


async def _over(images: Iterator[AnySourceT]) -> AsyncIterator[AnySourceT]:
    for image in images:
        yield image
