"""What do metrics and traces cost?

    python -m benchmarks.speed.telemetry

Times the events of one picture with one batch for each network: a request, nine stages with their numbers, four calls.
It is done without a listener, with metrics, and with metrics and traces (spans are made and batched, and discarded).
Then it times one count and one observation in prometheus_client, with labels looked up each time and kept, and in
Ray's metrics.
"""

import logging
import statistics
import sys
import time
from collections.abc import Callable

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, Counter, Histogram

from benchmarks.common.machine import conditions
from orchestrator.observer import NO_OBSERVER, Observer, Origin, observed_by, observer, stage
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.telemetry import Telemetry
from orchestrator.telemetry.tracing import Tracing

_ROUNDS = 15
_STAGES: dict[str, dict[str, int]] = {
    "turn": {},
    "decode": {"bytes": 10_000, "pixels": 300_000},
    "pyramid": {"levels": 10, "tiles": 12},
    "pnet": {},
    "propose": {"candidates": 50, "dropped_candidates": 0},
    "rnet": {"crops": 50, "candidates": 10},
    "onet": {"crops": 10, "faces": 3},
    "align": {"chips": 3},
    "embed": {},
}
_MODEL = {"pnet": "pnet", "rnet": "rnet", "onet": "onet", "embed": "embedder"}


class _Nowhere(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002
        return SpanExportResult.SUCCESS


def _one_picture(listener: Observer) -> None:
    with observed_by(listener), listener.request("Embed", Origin("id")):
        for name, counts in _STAGES.items():
            with stage(name) as seen:
                if name in _MODEL:
                    observer().queued(_MODEL[name], 0.0)
                    with observer().attempt(_MODEL[name], "127.0.0.1:8500", rows=12) as attempt:
                        attempt.answered(1)
                seen.count(**counts)


def _microseconds(work: Callable[[], object], repeats: int) -> float:
    """Returns the processor time of one piece of work in this thread, the median of the rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        begin_s = time.thread_time()
        for _ in range(repeats):
            work()
        rounds.append((time.thread_time() - begin_s) / repeats * 1e6)
    return statistics.median(rounds)


def _ray_metrics() -> dict[str, Callable[[], object]]:
    import ray  # noqa: PLC0415
    from ray.util import metrics  # noqa: PLC0415

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    counter = metrics.Counter("calls", tag_keys=("model",))
    histogram = metrics.Histogram("seconds", boundaries=[0.01, 0.1, 1.0], tag_keys=("model",))
    return {
        "ray.util.metrics: count": lambda: counter.inc(1, {"model": "pnet"}),
        "ray.util.metrics: observe": lambda: histogram.observe(0.02, {"model": "pnet"}),
    }


def main() -> int:
    """Prints a Markdown table."""
    logging.getLogger("orchestrator").setLevel(logging.WARNING)  # the cost of an entry depends on where it is written
    print(conditions("prometheus_client", "opentelemetry-sdk", "ray"))
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Nowhere(), max_queue_size=100_000))
    registry = CollectorRegistry()
    counter = Counter("calls", "Calls", ["model"], registry=registry)
    histogram = Histogram("seconds", "Time", ["model"], registry=registry)
    held_counter, held_histogram = counter.labels("pnet"), histogram.labels("pnet")
    listeners = {
        "none": NO_OBSERVER,
        "metrics": Telemetry(Metrics()),
        "metrics and traces": Telemetry(Metrics(), tracing=Tracing(provider)),
    }
    print("\n| listeners of a picture | microseconds of processor time |\n|---|---|")
    for name, listener in listeners.items():
        print(f"| {name} | {_microseconds(lambda told=listener: _one_picture(told), 200):.0f} |")  # type: ignore[misc]
    calls: dict[str, Callable[[], object]] = {
        "prometheus_client, held: count": held_counter.inc,
        "prometheus_client, looked up: count": lambda: counter.labels("pnet").inc(),
        "prometheus_client, held: observe": lambda: held_histogram.observe(0.02),
        "prometheus_client, looked up: observe": lambda: histogram.labels("pnet").observe(0.02),
        **_ray_metrics(),
    }
    print("\n| one call of | microseconds of processor time |\n|---|---|")
    for name, call in calls.items():
        print(f"| {name} | {_microseconds(call, 5_000):.2f} |")
    provider.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
