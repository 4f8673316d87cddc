"""The client for asyncio, call for call the twin of `facegrid.client`."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, Unpack

import grpc

from facegrid import _health
from facegrid._async_stream import detect_stream
from facegrid._channel import CHANNEL_OPTIONS, DEFAULT_TARGET, HUNG_SERVICE_S, TIMEOUT_GRACE_S, check_target
from facegrid._images import encode_image
from facegrid._ledger import Ledger, check_many, check_window
from facegrid._messages import detection_of, options_message, timeout_ms
from facegrid._status import raised_as_facegrid_errors
from facegrid.errors import DeadlineExceeded, FacegridError
from facegrid.types import DetectedItem, Detection, DetectOptions, Face, Health, ImageSource, SourceT
from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub


def connect_async(target: str = DEFAULT_TARGET) -> "AsyncClient":
    """Returns a client of the service at `target` for the running event loop.

    Use it as `async with facegrid.connect_async() as client:`. Nothing is sent yet; see `facegrid.connect`.

    Args:
        target: HOST:PORT, or a gRPC URI such as `dns:///facegrid:9000` or `unix:/run/facegrid.sock`.

    Raises:
        InvalidOption: `target` has another form.
        RuntimeError: no event loop is running.
    """
    return AsyncClient(target)


class AsyncClient:
    """A connection to the service, for any number of tasks of one event loop; raises what `Client` does."""

    def __init__(self, target: str) -> None:
        self.target = check_target(target)
        asyncio.get_running_loop()  # a channel made outside would belong to a loop that never runs
        self._channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        self._stub = FaceServiceStub(self._channel)
        self._check: Any = self._channel.unary_unary(
            _health.METHOD,
            request_serializer=_health.serialize_request,
            response_deserializer=_health.parse_response,
        )
        self._closed = False

    async def detect(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Face]:
        """Returns the faces of a picture, best score first; see `Client.detect`."""
        return (await self.detect_detailed(image, timeout_s=timeout_s, **options)).faces

    async def detect_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> Detection:
        """Returns the faces of a picture with its size and what was left out; see `Client.detect_detailed`."""
        request = pb.DetectRequest(options=options_message(options), timeout_ms=timeout_ms(timeout_s))
        request.image = await asyncio.to_thread(encode_image, image)
        deadline_s = HUNG_SERVICE_S if timeout_s is None else timeout_s + TIMEOUT_GRACE_S
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            return detection_of(await self._stub.Detect(request, timeout=deadline_s))

    def detect_many(
        self,
        images: Iterable[SourceT] | AsyncIterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> AsyncGenerator[DetectedItem[SourceT], None]:
        """Yields one `DetectedItem` for each picture, in the order of completion; see `Client.detect_many`.

        An ordinary iterable is read on the event loop, so it should not block; files are read and arrays
        encoded in threads. To leave the loop early, wrap the generator in `contextlib.aclosing`, which
        cancels the call at once.
        """
        check_window(window)
        check_many(images)
        self._require_open()
        return detect_stream(
            self._stub.DetectStream,
            _as_async(images),
            Ledger[SourceT](options_message(options), timeout_ms(timeout_s)),
            target=self.target,
            window=window,
            stall_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    async def health(self, *, timeout_s: float = 5.0) -> Health:
        """Returns what the service says of itself; see `Client.health`."""
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            status: Health = await self._check(_health.REQUEST, timeout=timeout_s)
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

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"this client of {self.target} is closed")


def _as_async(images: Iterable[SourceT] | AsyncIterable[SourceT]) -> AsyncIterator[SourceT]:
    """Returns an iterator over either kind of iterable; raises TypeError at once where it is neither."""
    if isinstance(images, AsyncIterable):
        return aiter(images)
    return _over(iter(images))


async def _over(images: Iterator[SourceT]) -> AsyncIterator[SourceT]:
    for image in images:
        yield image
