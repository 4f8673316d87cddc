"""One request from its arrival to its answer: its metrics, its span and its log entry."""

import asyncio
import logging
import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Literal, Self

from orchestrator.observer import Origin
from orchestrator.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from prometheus_client import Gauge

    from orchestrator.telemetry.tracing import Span, Tracing

_log = logging.getLogger("orchestrator.request")

_OK = "OK"


class RequestBlock:
    """Implements `orchestrator.observer.ObservedRequest` as a block.

    Args:
        metrics: Where it is counted.
        tracing: Where the span goes; None: there is no span.
        method: The RPC's name.
        origin: Where the request comes from.
        kind: Items are counted apart from calls, and have no log entry of their own. The block of a stream may end in
            another task than it began in.
    """

    def __init__(
        self,
        metrics: Metrics,
        tracing: "Tracing | None",
        method: str,
        origin: Origin,
        kind: Literal["unary", "item", "stream"],
    ) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._method = method
        self._kind = kind
        self._code = _OK
        self._reason = ""
        self._span: Span | None = None
        self._token: Token[RequestBlock | None] | None = None
        self._started_s = 0.0
        self.origin = origin
        self.counts: dict[str, int] = {}
        """Numbers of the work done, for the log."""

    def __enter__(self) -> Self:
        self._gauge().inc()
        if self._tracing is not None:
            self._span = self._tracing.request(self._method, self.origin, current=self._kind != "stream")
            self.origin = Origin(self.origin.request_id, self._span.headers())
        if self._kind != "stream":
            self._token = _current.set(self)
        self._started_s = time.perf_counter()
        return self

    def failed(self, code: str, reason: str) -> None:
        """See `orchestrator.observer.ObservedRequest.failed`."""
        self._code, self._reason = code, reason

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        took_s = time.perf_counter() - self._started_s
        if kind is not None and self._code == _OK:
            self._code = "CANCELLED" if issubclass(kind, (asyncio.CancelledError, GeneratorExit)) else "INTERNAL"
        if self._token is not None:
            _current.reset(self._token)
        self._count(took_s)
        if self._span is not None:
            self._span.end(self.counts, grpc_code=self._code, error=self._reason or _error(self._code))
        if self._kind != "item":
            self._write(took_s)

    def _gauge(self) -> "Gauge":
        metric = self._metrics.streams_open if self._kind == "stream" else self._metrics.in_progress
        return metric.labels(self._method)

    def _count(self, took_s: float) -> None:
        self._gauge().dec()
        counter = self._metrics.stream_items if self._kind == "item" else self._metrics.requests
        counter.labels(self._method, self._code).inc()
        if self._reason:
            self._metrics.errors.labels(self._method, self._reason).inc()
        if self._kind != "stream":
            self._metrics.request_seconds.labels(self._method).observe(took_s)

    def _write(self, took_s: float) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        fields: dict[str, object] = {"request_id": self.origin.request_id, "method": self._method, "code": self._code}
        if self._reason:
            fields["reason"] = self._reason
        fields |= {"duration_ms": round(took_s * 1000, 1), **self.counts}
        text = " ".join(f"{name}={value}" for name, value in fields.items())
        _log.info("%s", text, extra={"fields": fields})


def _error(code: str) -> str:
    return "" if code == _OK else code


_current: ContextVar[RequestBlock | None] = ContextVar("request", default=None)


def current_request() -> RequestBlock | None:
    """Returns the request of this context."""
    return _current.get()
