"""The connection of the client for threads: how it is made and ended, asked, and waited for."""

import threading
import time
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self

import grpc

from facegrid.answers.faces import AnySourceT, Health
from facegrid.answers.video import IdentifiedVideo
from facegrid.client import health
from facegrid.client.calls import AnswerT, Call
from facegrid.client.channel import HUNG_SERVICE_S, check_target
from facegrid.client.credentials import Access, TlsChoice
from facegrid.client.request_ids import identified
from facegrid.client.status import raised_as_facegrid_errors
from facegrid.client.stream.ledger import Form, ItemT, Ledger, check_many, check_window
from facegrid.client.stream.sync import stream
from facegrid.client.stream.video import UNBOUNDED, open_video
from facegrid.client.stub import Stub
from facegrid.client.wire.video import Frame, check_frames
from facegrid.errors import DeadlineExceeded, FacegridError


class Connection:
    """A channel to the service; `facegrid.client.sync.Client` says what can be asked over it."""

    def __init__(self, target: str, *, api_key: str | None = None, tls: TlsChoice = None) -> None:
        self.target = check_target(target)
        access = Access(target, api_key, tls)
        self._channel = access.channel(grpc, target)
        self._stub = access.authorized(Stub(self._channel))
        self._check: Any = self._channel.unary_unary(
            health.METHOD,
            request_serializer=health.serialize_request,
            response_deserializer=health.parse_response,
        )
        self._closed = threading.Event()

    def health(self, *, timeout_s: float = 5.0) -> Health:
        """Returns what the service says of itself.

        Raises:
            FacegridError: it says nothing; Unavailable where it cannot be reached.
        """
        self._require_open()
        with raised_as_facegrid_errors(self.target):
            status: Health = self._check(health.REQUEST, timeout=timeout_s)
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
                # The last question may be cut short by the end of the time, which would hide what was said before.
                if not (isinstance(err, DeadlineExceeded) and last.startswith("it says")):
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

    def _ask(self, call: Call[AnswerT]) -> AnswerT:
        self._require_open()
        method, request_id = identified(getattr(self._stub, call.method))
        with raised_as_facegrid_errors(self.target, request_id):
            return call.read(method(call.request, timeout=call.wait_s))

    def _stream(
        self, form: Form[AnySourceT, ItemT], images: Iterable[AnySourceT], window: int, timeout_s: float | None
    ) -> Generator[ItemT, None, None]:
        check_window(window)
        check_many(images)
        self._require_open()
        method, request_id = identified(getattr(self._stub, form.method))
        return stream(
            method,
            iter(images),
            Ledger(form, request_id),
            target=self.target,
            window=window,
            stall_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    def _video(self, first: Any, frames: Iterable[Frame], window: int, timeout_s: float | None) -> IdentifiedVideo:
        check_window(window)
        check_frames(frames)
        self._require_open()
        return open_video(
            *identified(self._stub.IdentifyVideo),
            frames,
            first,
            target=self.target,
            window=UNBOUNDED if first.options.live else window,
            wait_s=HUNG_SERVICE_S + (timeout_s or 0),
        )

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError(f"this client of {self.target} is closed")
