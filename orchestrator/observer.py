"""What the service tells of its work while it does it; who listens, it does not know.

Whoever works on a request tells `observer()`, which `orchestrator.api.face_service` sets for each of them. Threads and
tasks that are started on the way have it, too. Without one, nobody listens, and telling costs next to nothing
(benchmarks/speed/telemetry.py). `orchestrator.telemetry` listens for metrics, traces and logs.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol, Self

Metadata = Sequence[tuple[str, str]]
"""Metadata of a gRPC call: names in small letters, and values."""


@dataclass(frozen=True)
class Origin:
    """Where a request comes from, as far as its caller says."""

    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    trace: Mapping[str, str] = field(default_factory=dict)
    """The caller's trace context by header: traceparent and tracestate (W3C Trace Context)."""


class ObservedRequest(Protocol):
    """One request, a stream of them, or one item of it."""

    origin: Origin
    """Of what is done for it: the same request id, and this request as what caused it."""

    def failed(self, code: str, reason: str) -> None:
        """It is answered with an error: the name of its gRPC code, and its reason (docs/errors.md)."""


class ObservedStage(Protocol):
    """One step of the work on a picture."""

    def count(self, **counts: int) -> None:
        """Numbers of the step, such as candidates=12."""


class ObservedAttempt(Protocol):
    """One call of one model server; a request that is repeated has several."""

    metadata: Metadata
    """To be sent with the call, so that the server's part can be found."""

    def answered(self, version: int) -> None:
        """The server answered with this version of the model."""

    def failed(self, code: str) -> None:
        """The server, or the road to it, failed with this gRPC code."""


class Observer(Protocol):
    """Is told what happens. Blocks that are entered may be left by an exception, which goes on."""

    async def start(self) -> None:
        """Opens what the observer needs, such as the port of its metrics."""

    async def close(self) -> None:
        """Gives back what `start` took."""

    def request(self, method: str, origin: Origin, *, item: bool = False) -> AbstractContextManager[ObservedRequest]:
        """A unary method is answered during the block, or one item of a stream; it is entered and left in one task."""

    def stream(self, method: str, origin: Origin) -> AbstractContextManager[ObservedRequest]:
        """A streaming method is open during the block."""

    def stage(self, name: str) -> AbstractContextManager[ObservedStage]:
        """A step of the pipeline runs during the block."""

    def attempt(self, model: str, endpoint: str, *, rows: int) -> AbstractContextManager[ObservedAttempt]:
        """A batch of so many rows is with the model server at an address during the block."""

    def queued(self, model: str, seconds: float) -> None:
        """A batch waited this long in this process before it was sent."""

    def left(self, endpoint: str) -> None:
        """A model server is gone for good: its numbers need not be kept."""

    def retried(self, model: str, code: str) -> None:
        """A batch is sent once more, after an attempt that failed with this gRPC code."""

    def hedged(self, model: str) -> None:
        """A batch is sent to a second server, since the first one is late."""

    def ejected(self, model: str, endpoint: str) -> None:
        """A model server gets no more work for a while, since it fails or is slow."""

    def gallery_size(self, faces: int) -> None:
        """So many faces are compared with each that is looked up."""


class _Nobody:
    """Is told everything and does nothing; also each of its requests, stages and attempts."""

    metadata: Metadata = ()
    origin = Origin(request_id="")

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def request(self, method: str, origin: Origin, *, item: bool = False) -> Self:  # noqa: ARG002
        return self

    def stream(self, method: str, origin: Origin) -> Self:  # noqa: ARG002
        return self

    def stage(self, name: str) -> Self:  # noqa: ARG002
        return self

    def attempt(self, model: str, endpoint: str, *, rows: int) -> Self:  # noqa: ARG002
        return self

    def queued(self, model: str, seconds: float) -> None: ...

    def left(self, endpoint: str) -> None: ...

    def retried(self, model: str, code: str) -> None: ...

    def hedged(self, model: str) -> None: ...

    def ejected(self, model: str, endpoint: str) -> None: ...

    def gallery_size(self, faces: int) -> None: ...

    def answered(self, version: int) -> None: ...

    def failed(self, code: str, reason: str = "") -> None: ...

    def count(self, **counts: int) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None: ...


NO_OBSERVER: Observer = _Nobody()
"""Does not listen."""

_observer: ContextVar[Observer] = ContextVar("observer", default=NO_OBSERVER)


def observer() -> Observer:
    """Returns who is to be told what happens here."""
    return _observer.get()


def stage(name: str) -> AbstractContextManager[ObservedStage]:
    """Tells the observer that a step of the pipeline runs during the block; see `docs/operations.md` for the names."""
    return _observer.get().stage(name)


def listen(listener: Observer) -> None:
    """Makes `listener` the observer of this context, for good."""
    _observer.set(listener)


@contextmanager
def observed_by(listener: Observer) -> Iterator[None]:
    """Makes `listener` the observer of the block, and of the threads and tasks that begin in it."""
    token = _observer.set(listener)
    try:
        yield
    finally:
        _observer.reset(token)
