"""The client for threads and scripts. `facegrid.async_client` is its twin for asyncio."""

import threading
import time
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self, Unpack

import grpc

from facegrid import _health
from facegrid._channel import CHANNEL_OPTIONS, DEFAULT_TARGET, HUNG_SERVICE_S, TIMEOUT_GRACE_S, check_target
from facegrid._images import encode_image
from facegrid._ledger import Ledger, check_many, check_window
from facegrid._messages import detection_of, options_message, timeout_ms
from facegrid._status import raised_as_facegrid_errors
from facegrid._stream import detect_stream
from facegrid.errors import DeadlineExceeded, FacegridError
from facegrid.types import DetectedItem, Detection, DetectOptions, Face, Health, ImageSource, SourceT
from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub


def connect(target: str = DEFAULT_TARGET) -> "Client":
    """Returns a client of the service at `target`.

    Nothing is sent yet: the connection is made by the first call, and made again when it breaks. Ask
    `Client.wait_until_ready` where the service may still be starting.

    Args:
        target: HOST:PORT, or a gRPC URI such as `dns:///facegrid:9000` or `unix:/run/facegrid.sock`.

    Raises:
        InvalidOption: `target` has another form.
    """
    return Client(target)


class Client:
    """A connection to the service. Any number of threads may use one client at the same time.

    Every method raises `FacegridError`: `InvalidRequest` and its kinds where the request must be changed,
    `TryAgain` and its kinds where it need not be, `InternalError` where the service is at fault. Calls that
    found the service unavailable have been repeated within about two seconds before they raise.

    A client is a context manager; `close` ends its connection.
    """

    def __init__(self, target: str) -> None:
        self.target = check_target(target)
        self._channel = grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
        self._stub = FaceServiceStub(self._channel)
        self._check: Any = self._channel.unary_unary(
            _health.METHOD,
            request_serializer=_health.serialize_request,
            response_deserializer=_health.parse_response,
        )
        self._closed = threading.Event()

    def detect(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Face]:
        """Returns the faces of a picture, best score first.

        Args:
            image: A path; the bytes of a JPEG, PNG or WebP file; or an array uint8 [height, width, 3], RGB.
            timeout_s: Time the service may spend; None is the service's default.
            **options: `min_face_px`, `pyramid_factor`, `pnet_threshold`, `rnet_threshold`,
                `onet_threshold`; see `DetectOptions`.

        Raises:
            FacegridError: see `Client`.
            OSError: `image` is a path that cannot be read (FileNotFoundError where there is no such file).
        """
        return self.detect_detailed(image, timeout_s=timeout_s, **options).faces

    def detect_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> Detection:
        """Returns the faces of a picture with its size and what was left out; takes and raises what `detect` does."""
        request = pb.DetectRequest(options=options_message(options), timeout_ms=timeout_ms(timeout_s))
        request.image = encode_image(image)
        deadline_s = HUNG_SERVICE_S if timeout_s is None else timeout_s + TIMEOUT_GRACE_S
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            return detection_of(self._stub.Detect(request, timeout=deadline_s))

    def detect_many(
        self,
        images: Iterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> Generator[DetectedItem[SourceT], None, None]:
        """Yields one `DetectedItem` for each picture, in the order of completion, over one call.

        A picture that fails yields an item with its error, and the others go on. `images` is read lazily,
        in another thread, and never more than `window` pictures ahead of what has been yielded. Leaving the
        loop early cancels the call when the generator is closed or collected.

        Args:
            images: What `detect` takes, mixed as you like; may be endless.
            window: Most pictures under way at a time, at least 1.
            timeout_s: Time the service may spend on each picture; None is the service's default.
            **options: As for `detect`, the same for all pictures.

        Raises:
            FacegridError: the call as a whole broke; the message says how many pictures are unanswered.
            TypeError: `images` is one picture.
            Exception: what `images` itself raised, after the answers that were under way.
        """
        check_window(window)
        check_many(images)
        self._require_open()
        return detect_stream(
            self._stub.DetectStream,
            iter(images),
            Ledger[SourceT](options_message(options), timeout_ms(timeout_s)),
            target=self.target,
            window=window,
            stall_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    def health(self, *, timeout_s: float = 5.0) -> Health:
        """Returns what the service says of itself.

        Raises:
            FacegridError: it says nothing; Unavailable where it cannot be reached.
        """
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            status: Health = self._check(_health.REQUEST, timeout=timeout_s)
        return status

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns when the service says that it is serving; asks again while it does not.

        Raises:
            DeadlineExceeded: it does not say so within `timeout_s`; the message holds its last answer.
        """
        give_up_s = time.monotonic() + timeout_s
        last = "it was not asked"
        while (left_s := give_up_s - time.monotonic()) > 0:
            try:
                status = self.health(timeout_s=min(left_s, 1.0))
                if status is Health.SERVING:
                    return
                last = f"it says {status}"
            except FacegridError as err:
                last = err.message
            self._closed.wait(min(0.1, left_s))
        raise DeadlineExceeded(f"the service at {self.target} is not ready after {timeout_s:g} s: {last}")

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

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError(f"this client of {self.target} is closed")
