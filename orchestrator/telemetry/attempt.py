"""One call of a model server: its metrics and its span."""

import time
from typing import TYPE_CHECKING, Self

from orchestrator.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from orchestrator.observer import Metadata
    from orchestrator.telemetry.tracing import Span, Tracing

_UNKNOWN = ""
"""The version of an attempt that was not answered."""


class AttemptBlock:
    """Implements `orchestrator.observer.ObservedAttempt` as a block."""

    __slots__ = ("_code", "_endpoint", "_metrics", "_model", "_rows", "_span", "_started_s", "_version", "metadata")

    def __init__(self, metrics: Metrics, tracing: "Tracing | None", model: str, endpoint: str, rows: int) -> None:
        self._metrics = metrics
        self._model = model
        self._endpoint = endpoint
        self._rows = rows
        self._version = _UNKNOWN
        self._code = _UNKNOWN
        self._started_s = 0.0
        self._span: Span | None = None if tracing is None else tracing.attempt(model, endpoint, rows)
        self.metadata: Metadata = () if self._span is None else tuple(self._span.headers().items())

    def answered(self, version: int) -> None:
        """See `orchestrator.observer.ObservedAttempt.answered`."""
        self._version, self._code = str(version), "OK"

    def failed(self, code: str) -> None:
        """See `orchestrator.observer.ObservedAttempt.failed`."""
        self._code = code

    def __enter__(self) -> Self:
        self._metrics.batch_rows.labels(self._model).observe(self._rows)
        self._metrics.in_flight.labels(self._model, self._endpoint).inc()
        self._started_s = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        took_s = time.perf_counter() - self._started_s
        metrics, model, endpoint = self._metrics, self._model, self._endpoint
        code = self._code or "CANCELLED"  # the waiting task was cancelled
        metrics.in_flight.labels(model, endpoint).dec()
        metrics.calls.labels(model, self._version, endpoint, code).inc()
        if code == "OK":
            metrics.call_seconds.labels(model, self._version, endpoint).observe(took_s)
        if self._span is not None:
            counts = {"model_version": int(self._version)} if self._version else {}
            self._span.end(counts, grpc_code=code, error="" if code == "OK" else code)
