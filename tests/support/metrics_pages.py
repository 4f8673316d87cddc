"""What a replica counts, and its page for Prometheus."""

from prometheus_client import generate_latest

from orchestrator.app.metrics_page import parse_page
from orchestrator.telemetry.metrics import Metrics


def page(metrics: Metrics):
    """The metrics as they are read back from the page that Prometheus scrapes."""
    return parse_page(generate_latest(metrics.registry).decode())


def busy_replica() -> Metrics:
    """A replica that answered Detect and asked two versions of the embedder."""
    metrics = Metrics()
    metrics.requests.labels("Detect", "OK").inc(90)
    metrics.requests.labels("Detect", "RESOURCE_EXHAUSTED").inc(10)
    metrics.errors.labels("Detect", "OVERLOADED").inc(10)
    metrics.in_progress.labels("Detect").set(3)
    metrics.in_progress.labels("Identify").set(1)
    metrics.streams_open.labels("DetectStream").set(2)
    for version, seconds in (("1", 0.02), ("2", 0.04)):
        for _ in range(10):
            metrics.calls.labels("embedder", version, "a:1", "OK").inc()
            metrics.call_seconds.labels("embedder", version, "a:1").observe(seconds)
    metrics.calls.labels("embedder", "", "a:1", "UNAVAILABLE").inc(5)
    metrics.in_flight.labels("embedder", "a:1").set(7)
    return metrics
