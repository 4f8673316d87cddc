"""The metrics of a replica that has looked at pictures."""

from prometheus_client import generate_latest

from orchestrator.telemetry.metrics import Metrics


def page(pictures: int, times_s: list[float], metrics: Metrics) -> str:
    for index in range(pictures):
        metrics.pixels.observe(1_000)
        for endpoint in ("a", "b"):
            metrics.call_seconds.labels("pnet", "1", endpoint).observe(times_s[index % len(times_s)])
    return generate_latest(metrics.registry).decode()
