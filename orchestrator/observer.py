"""The events that the service emits while it works, without knowing what listens to them.

Code that works on a request calls `observer()`, which `orchestrator.api.face_service` sets for each request. Threads
and tasks that start on the way inherit it. Without an observer, an event costs next to nothing
(benchmarks/speed/telemetry.py). `orchestrator.telemetry` makes metrics, traces and logs of the events.
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
    """Where a request comes from, as its caller says."""

    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    trace: Mapping[str, str] = field(default_factory=dict)
    """The caller's trace context by header: traceparent and tracestate (W3C Trace Context)."""


class ObservedRequest(Protocol):
    """One request, a stream of them, or one item of it."""

    origin: Origin
    """The origin of the work for this request: the same request id, and this request as its cause."""

    def failed(self, code: str, reason: str) -> None:
        """Records that it is answered with an error: the name of the gRPC code, and the reason (docs/errors.md)."""


class ObservedStage(Protocol):
    """One step of the work on a picture."""

    def count(self, **counts: int) -> None:
        """Records numbers of the step, such as candidates=12."""


class ObservedAttempt(Protocol):
    """One call of one model server; a batch that is retried has several."""

    metadata: Metadata
    """To be sent with the call, so that the server's spans join the trace."""

    def answered(self, version: int) -> None:
        """Records that the server answered with this version of the model."""

    def failed(self, code: str) -> None:
        """Records that the server, or the connection, failed with this gRPC code."""


class Observer(Protocol):
    """Receives the events. An exception may leave the blocks that it returns; they do not stop it."""

    async def start(self) -> None:
        """Opens what the observer needs, such as the port of its metrics."""

    async def close(self) -> None:
        """Releases what `start` opened."""

    def request(self, method: str, origin: Origin, *, item: bool = False) -> AbstractContextManager[ObservedRequest]:
        """Returns a block in which a unary call or one item of a stream is answered, all of it in one task."""

    def stream(self, method: str, origin: Origin) -> AbstractContextManager[ObservedRequest]:
        """Returns a block during which a stream is open."""

    def stage(self, name: str) -> AbstractContextManager[ObservedStage]:
        """Returns a block in which a step of the pipeline runs."""

    def attempt(self, model: str, endpoint: str, *, rows: int) -> AbstractContextManager[ObservedAttempt]:
        """Returns a block during which a batch of so many rows is with the model server at an address."""

    def queued(self, model: str, seconds: float) -> None:
        """Records how long a batch waited in this process before it was sent."""

    def left(self, endpoint: str) -> None:
        """Records that a model server will not come back: its numbers need not be kept."""

    def retried(self, model: str, code: str) -> None:
        """Records that a batch is retried, after an attempt that failed with this gRPC code."""

    def hedged(self, model: str) -> None:
        """Records that a batch is sent to a second server, since the first is late."""

    def ejected(self, model: str, endpoint: str) -> None:
        """Records that a model server gets no work for a while, since it fails or is slow."""

    def gallery_size(self, faces: int) -> None:
        """Records how many faces a search compares with."""


class _NoObserver:
    """Ignores every event; also serves as each of its requests, stages and attempts."""

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


NO_OBSERVER: Observer = _NoObserver()
"""Ignores every event."""

_observer: ContextVar[Observer] = ContextVar("observer", default=NO_OBSERVER)


def observer() -> Observer:
    """Returns the observer of this context."""
    return _observer.get()


def stage(name: str) -> AbstractContextManager[ObservedStage]:
    """Returns a block in which a step of the pipeline runs; docs/operations.md lists the names."""
    return _observer.get().stage(name)


def observe(listener: Observer) -> None:
    """Makes `listener` the observer of this context until the context ends."""
    _observer.set(listener)


@contextmanager
def observed_by(listener: Observer) -> Iterator[None]:
    """Makes `listener` the observer of the block, and of the threads and tasks that start in it."""
    token = _observer.set(listener)
    try:
        yield
    finally:
        _observer.reset(token)
