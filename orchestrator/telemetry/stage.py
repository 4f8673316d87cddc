"""One step of the pipeline: its metrics and its span."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.request import current_request

if TYPE_CHECKING:
    from orchestrator.telemetry.tracing import Span, Tracing

_Record = Callable[[Metrics, int], None]

_RECORDS: dict[tuple[str, str], _Record] = {
    ("decode", "pixels"): lambda metrics, value: metrics.pixels.observe(value),
    ("pyramid", "tiles"): lambda metrics, value: metrics.tiles.observe(value),
    ("propose", "candidates"): lambda metrics, value: metrics.candidates.labels("propose").observe(value),
    ("propose", "dropped_candidates"): lambda metrics, value: metrics.dropped.inc(value),
    ("rnet", "candidates"): lambda metrics, value: metrics.candidates.labels("rnet").observe(value),
    ("onet", "faces"): lambda metrics, value: metrics.candidates.labels("onet").observe(value),
    ("rnet", "crops"): lambda metrics, value: metrics.crops.labels("rnet").inc(value),
    ("onet", "crops"): lambda metrics, value: metrics.crops.labels("onet").inc(value),
    ("align", "chips"): lambda metrics, value: metrics.crops.labels("align").inc(value),
}
"""The metric of a number, by stage and name. Other numbers go to the trace alone."""

_LOGGED = {
    ("decode", "pixels"), ("pyramid", "tiles"), ("propose", "candidates"), ("propose", "dropped_candidates"),
    ("onet", "faces"),
}  # fmt: skip


class StageBlock:
    """Implements `orchestrator.observer.ObservedStage` as a block."""

    __slots__ = ("_counts", "_metrics", "_name", "_span", "_started_s", "_tracing")

    def __init__(self, metrics: Metrics, tracing: "Tracing | None", name: str) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._name = name
        self._span: Span | None = None
        self._counts: dict[str, int] = {}
        self._started_s = 0.0

    def count(self, **counts: int) -> None:
        """See `orchestrator.observer.ObservedStage.count`."""
        self._counts = counts
        request = current_request()
        for name, value in counts.items():
            key = (self._name, name)
            if key in _RECORDS:
                _RECORDS[key](self._metrics, value)
            if request is not None and key in _LOGGED:
                request.counts[name] = request.counts.get(name, 0) + value

    def __enter__(self) -> Self:
        if self._tracing is not None:
            self._span = self._tracing.stage(self._name)
        self._started_s = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._metrics.stage_seconds.labels(self._name).observe(time.perf_counter() - self._started_s)
        if self._span is not None:
            self._span.end(self._counts, error="" if kind is None else kind.__name__)
