"""The connections of both clients: how they are made and ended, asked, and waited for."""

import asyncio
import random
import threading
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from facegrid.answers.faces import AnySourceT, Health
from facegrid.client import health
from facegrid.client.calls import IDENTIFY_VIDEO, AnswerT, ItemT, P, PreparedCall, Rpc, StreamRpc
from facegrid.client.channel import HUNG_SERVICE_S, check_target
from facegrid.client.credentials import Credentials, TlsChoice
from facegrid.client.retries import NEVER_REPEATED, UNROUTED_PAUSES_S
from facegrid.client.status import is_unrouted, raised_as_facegrid_errors
from facegrid.client.stream import aio, sync
from facegrid.client.stream.ledger import PictureLedger, check_many, check_window
from facegrid.client.stream.video import UNBOUNDED, AsyncIdentifiedVideo, IdentifiedVideo, VideoLedger
from facegrid.client.wire.video import Frame, check_frames
from facegrid.errors import DeadlineExceeded, FacegridError
from facegrid.v1 import video_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from facegrid.v1.generator_service_pb2_grpc import GeneratorServiceStub

REQUEST_ID_HEADER = "x-request-id"
"""Metadata that the service writes into every entry of its log that belongs to the call."""


class Stub(FaceServiceStub, GeneratorServiceStub):
    """The methods of all services of facegrid.v1, over one channel."""

    def __init__(self, channel: "grpc.Channel | grpc.aio.Channel") -> None:
        FaceServiceStub.__init__(self, channel)
        GeneratorServiceStub.__init__(self, channel)


class Connection:
    """A channel to the service; `facegrid.client.sync.Client` has the methods that are called over it."""

    def __init__(self, target: str, *, api_key: str | None = None, tls: TlsChoice = None) -> None:
        self.target = check_target(target)
        credentials = Credentials(target, api_key, tls)
        self._channel = credentials.channel(target)
        self._stub = credentials.authorized(Stub(self._channel))
        self._check_health = health.check_method(self._channel)
        self._closed = threading.Event()

    def health(self, *, timeout_s: float = 5.0, service: str = "") -> Health:
        """Returns the service's own report of its health.

        Args:
            timeout_s: Longest wait for the answer.
            service: A service of the server, such as facegrid.v1.FaceService; empty: the server as a whole.

        Raises:
            FacegridError: it does not answer; Unavailable where it cannot be reached.
        """
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            try:
                status: Health = self._check_health(health.request(service), timeout=timeout_s)
            except grpc.RpcError as err:
                return _health_of_error(err, service)
        return status

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns when the service reports that it is serving; asks again while it does not.

        Raises:
            DeadlineExceeded: it does not say so within `timeout_s`; the message holds its last answer.
        """
        wait = _ReadyWait(self.target, timeout_s)
        while (left_s := wait.left_s()) > 0:
            try:
                wait.note(self.health(timeout_s=min(left_s, 1.0)))
            except FacegridError as err:
                wait.note_error(err)
            if wait.ready:
                return
            self._closed.wait(min(0.1, left_s))
        raise wait.given_up()

    def close(self) -> None:
        """Ends the connection and the calls under way. Closing again does nothing."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, rpc: Rpc[P, AnswerT], timeout_s: float | None, *args: P.args, **kwargs: P.kwargs) -> AnswerT:
        """Returns the answer to a request with these arguments."""
        return self._send(rpc.prepare(timeout_s, *args, **kwargs))

    def _send(self, call: PreparedCall[AnswerT]) -> AnswerT:
        self._require_open()
        method, request_id = _identified(self._stub, call.method)
        with raised_as_facegrid_errors(self.target, request_id):
            attempts = _Attempts(call)
            while True:
                try:
                    return call.read(method(call.request, timeout=attempts.left_s()))
                except grpc.RpcError as err:
                    self._closed.wait(attempts.pause_s(err))

    def _each_answer(self, call: PreparedCall[Iterable[AnswerT]]) -> Generator[AnswerT, None, None]:
        """Yields the answers in the messages that the service sends for one request."""
        method, request_id = _identified(self._stub, call.method)
        with raised_as_facegrid_errors(self.target, request_id):
            responses = method(call.request, timeout=call.wait_s)
            try:
                for response in responses:
                    yield from call.read(response)
            finally:
                responses.cancel()

    def _stream(
        self,
        rpc: StreamRpc[P, AnySourceT, ItemT],
        sources: Iterable[AnySourceT],
        window: int,
        timeout_s: float | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Generator[ItemT, None, None]:
        """Yields the item of each source; raises at once what is wrong with the arguments."""
        encode = rpc.encoder(timeout_s, *args, **kwargs)
        check_window(window)
        check_many(sources)
        self._require_open()
        method, request_id = _identified(self._stub, rpc.method)
        return sync.stream(
            method,
            iter(sources),
            PictureLedger(rpc, encode, request_id),
            target=self.target,
            window=window,
            stall_s=_stall_s(timeout_s),
        )

    def _video(
        self,
        options: video_pb2.IdentifyVideoRequest,
        frames: Iterable[Frame],
        window: int,
        timeout_s: float | None,
    ) -> IdentifiedVideo:
        check_window(window)
        check_frames(frames)
        self._require_open()
        method, request_id = _identified(self._stub, IDENTIFY_VIDEO.method)
        ledger = VideoLedger(options, request_id)
        results = sync.stream(
            method,
            iter(frames),
            ledger,
            target=self.target,
            window=UNBOUNDED if options.options.live else window,
            stall_s=_stall_s(timeout_s),
        )
        return IdentifiedVideo(results, ledger)

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise _closed_error(self.target)


class AsyncConnection:
    """The twin of `Connection` for asyncio; `facegrid.client.aio.AsyncClient` has the methods."""

    def __init__(self, target: str, *, api_key: str | None = None, tls: TlsChoice = None) -> None:
        self.target = check_target(target)
        credentials = Credentials(target, api_key, tls)
        _require_event_loop()  # a channel made outside would belong to a loop that never runs
        self._channel = credentials.async_channel(target)
        self._stub = credentials.authorized(Stub(self._channel))
        self._check_health = health.check_method(self._channel)
        self._closed = False

    async def health(self, *, timeout_s: float = 5.0, service: str = "") -> Health:
        """Returns the service's own report of its health; see `Client.health`."""
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            try:
                status: Health = await self._check_health(health.request(service), timeout=timeout_s)
            except grpc.RpcError as err:
                return _health_of_error(err, service)
        return status

    async def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns when the service reports that it is serving; see `Client.wait_until_ready`."""
        wait = _ReadyWait(self.target, timeout_s)
        while (left_s := wait.left_s()) > 0:
            try:
                wait.note(await self.health(timeout_s=min(left_s, 1.0)))
            except FacegridError as err:
                wait.note_error(err)
            if wait.ready:
                return
            await asyncio.sleep(min(0.1, left_s))
        raise wait.given_up()

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

    async def _ask(self, rpc: Rpc[P, AnswerT], timeout_s: float | None, *args: P.args, **kwargs: P.kwargs) -> AnswerT:
        """Returns the answer to a request with these arguments; it is made in a thread, as it may read files."""
        return await self._send(await asyncio.to_thread(rpc.prepare, timeout_s, *args, **kwargs))

    async def _send(self, call: PreparedCall[AnswerT]) -> AnswerT:
        self._require_open()
        method, request_id = _identified(self._stub, call.method)
        with raised_as_facegrid_errors(self.target, request_id):
            attempts = _Attempts(call)
            while True:
                try:
                    return call.read(await method(call.request, timeout=attempts.left_s()))
                except grpc.RpcError as err:
                    await asyncio.sleep(attempts.pause_s(err))

    async def _each_answer(self, call: PreparedCall[Iterable[AnswerT]]) -> AsyncGenerator[AnswerT, None]:
        method, request_id = _identified(self._stub, call.method)
        with raised_as_facegrid_errors(self.target, request_id):
            responses = method(call.request, timeout=call.wait_s)
            try:
                async for response in responses:
                    for answer in call.read(response):
                        yield answer
            finally:
                responses.cancel()

    def _stream(
        self,
        rpc: StreamRpc[P, AnySourceT, ItemT],
        sources: Iterable[AnySourceT] | AsyncIterable[AnySourceT],
        window: int,
        timeout_s: float | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncGenerator[ItemT, None]:
        encode = rpc.encoder(timeout_s, *args, **kwargs)
        check_window(window)
        check_many(sources)
        self._require_open()
        method, request_id = _identified(self._stub, rpc.method)
        return aio.stream(
            method,
            _as_async(sources),
            PictureLedger(rpc, encode, request_id),
            target=self.target,
            window=window,
            stall_s=_stall_s(timeout_s),
        )

    def _video(
        self,
        options: video_pb2.IdentifyVideoRequest,
        frames: Iterable[Frame] | AsyncIterable[Frame],
        window: int,
        timeout_s: float | None,
    ) -> AsyncIdentifiedVideo:
        check_window(window)
        check_frames(frames)
        self._require_open()
        method, request_id = _identified(self._stub, IDENTIFY_VIDEO.method)
        ledger = VideoLedger(options, request_id)
        results = aio.stream(
            method,
            _as_async(frames),
            ledger,
            target=self.target,
            window=UNBOUNDED if options.options.live else window,
            stall_s=_stall_s(timeout_s),
        )
        return AsyncIdentifiedVideo(results, ledger)

    def _require_open(self) -> None:
        if self._closed:
            raise _closed_error(self.target)


class _Attempts:
    """The attempts at a unary call beyond gRPC's own: a proxy without a service behind it is asked again."""

    def __init__(self, call: PreparedCall[Any]) -> None:
        self._pauses_s = iter(() if call.method in NEVER_REPEATED else UNROUTED_PAUSES_S)
        self._give_up_s = time.monotonic() + call.wait_s

    def left_s(self) -> float:
        """Returns the time left for the call."""
        return max(0.0, self._give_up_s - time.monotonic())

    def pause_s(self, error: grpc.RpcError) -> float:
        """Returns how long to wait before the next attempt; raises the error where there is none."""
        pause_s = next(self._pauses_s, None) if is_unrouted(error) else None
        if pause_s is None or pause_s >= self.left_s():
            raise error
        return pause_s * random.uniform(0.8, 1.2)


class _ReadyWait:
    """A wait for a service to be ready: how long is left, and the last that was heard."""

    def __init__(self, target: str, timeout_s: float) -> None:
        self.ready = False
        self._target = target
        self._timeout_s = timeout_s
        self._give_up_s = time.monotonic() + timeout_s
        self._reported = False
        self._last = "it was not asked"

    def left_s(self) -> float:
        return self._give_up_s - time.monotonic()

    def note(self, status: Health) -> None:
        self.ready = status is Health.SERVING
        self._reported = True
        self._last = f"it says {status}"

    def note_error(self, error: FacegridError) -> None:
        # The last question may be cut short by the end of the time, which would hide what was reported before.
        if not (isinstance(error, DeadlineExceeded) and self._reported):
            self._reported = False
            self._last = error.message

    def given_up(self) -> DeadlineExceeded:
        waited = f"the service at {self._target} is not ready after {self._timeout_s:g} s"
        return DeadlineExceeded(f"{waited}: {self._last}")


def _identified(stub: Any, method: str) -> tuple[Callable[..., Any], str]:
    """Returns a method of a stub that sends a new request id, and the id. gRPC's own retries send the same id."""
    request_id = uuid.uuid4().hex
    return partial(getattr(stub, method), metadata=((REQUEST_ID_HEADER, request_id),)), request_id


def _stall_s(timeout_s: float | None) -> float:
    return HUNG_SERVICE_S + (timeout_s or 0)


def _health_of_error(error: grpc.RpcError, service: str) -> Health:
    """Returns the health that a failed question says; raises the error where it says none."""
    if service and error.code() is grpc.StatusCode.NOT_FOUND:
        return Health.SERVICE_UNKNOWN
    raise error


def _require_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "no event loop is running: call connect_async inside `async def`, such as `async def main(): "
            "async with facegrid.connect_async() as client: ...`, and run it with `asyncio.run(main())`"
        ) from None


def _closed_error(target: str) -> RuntimeError:
    return RuntimeError(f"this client of {target} is closed")


def _as_async(sources: Iterable[AnySourceT] | AsyncIterable[AnySourceT]) -> AsyncIterator[AnySourceT]:
    """Returns an iterator over either kind of iterable; raises TypeError at once where it is neither."""
    if isinstance(sources, AsyncIterable):
        return aiter(sources)
    return _over(iter(sources))


async def _over(sources: Iterator[AnySourceT]) -> AsyncIterator[AnySourceT]:
    for source in sources:
        yield source
