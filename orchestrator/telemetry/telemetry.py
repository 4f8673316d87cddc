"""Receives the events of the work on requests, and makes metrics, traces and log entries of them.

Events carry numbers alone: no picture, vector, name or path comes here, so none can leak.
"""

import asyncio
from typing import TYPE_CHECKING

from orchestrator.observer import Origin
from orchestrator.telemetry.attempt import AttemptBlock
from orchestrator.telemetry.endpoint import MetricsEndpoint
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.request import RequestBlock
from orchestrator.telemetry.stage import StageBlock

if TYPE_CHECKING:
    from orchestrator.telemetry.tracing import Tracing


class Telemetry:
    """Implements `orchestrator.observer.Observer`.

    Args:
        metrics: Where events are counted.
        endpoint: Where metrics are served; None: nowhere.
        tracing: Where spans go; None: there are none.
    """

    def __init__(
        self, metrics: Metrics, endpoint: MetricsEndpoint | None = None, tracing: "Tracing | None" = None
    ) -> None:
        self.metrics = metrics
        self._endpoint = endpoint
        self._tracing = tracing

    async def start(self) -> None:
        """Serves the metrics.

        Raises:
            OSError: The address is taken or not one of this machine.
        """
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.start)

    async def close(self) -> None:
        """Sends the spans that wait, and closes the endpoint."""
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.close)

    def request(self, method: str, origin: Origin, *, item: bool = False) -> RequestBlock:
        """See `Observer.request`."""
        return RequestBlock(self.metrics, self._tracing, method, origin, kind="item" if item else "unary")

    def stream(self, method: str, origin: Origin) -> RequestBlock:
        """See `Observer.stream`."""
        return RequestBlock(self.metrics, self._tracing, method, origin, kind="stream")

    def stage(self, name: str) -> StageBlock:
        """See `Observer.stage`."""
        return StageBlock(self.metrics, self._tracing, name)

    def attempt(self, model: str, endpoint: str, *, rows: int) -> AttemptBlock:
        """See `Observer.attempt`."""
        return AttemptBlock(self.metrics, self._tracing, model, endpoint, rows)

    def queued(self, model: str, seconds: float) -> None:
        """See `Observer.queued`."""
        self.metrics.queue_seconds.labels(model).observe(seconds)

    def left(self, endpoint: str) -> None:
        """See `Observer.left`."""
        self.metrics.forget(endpoint)

    def retried(self, model: str, code: str) -> None:
        """See `Observer.retried`."""
        self.metrics.retries.labels(model, code).inc()

    def hedged(self, model: str) -> None:
        """See `Observer.hedged`."""
        self.metrics.hedges.labels(model).inc()

    def ejected(self, model: str, endpoint: str) -> None:
        """See `Observer.ejected`."""
        self.metrics.ejections.labels(model, endpoint).inc()

    def gallery_size(self, faces: int) -> None:
        """See `Observer.gallery_size`."""
        self.metrics.gallery_faces.set(faces)
