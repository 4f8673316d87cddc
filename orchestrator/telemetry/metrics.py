"""Every metric of the orchestrator, with its name, labels and unit; docs/operations.md lists them for people.

prometheus_client keeps them in the process that does the work, where they are scraped (endpoint.py). Ray's own metrics
(ray.util.metrics) need an agent on the node, which the local stack does not start (orchestrator/app/lean_ray.py), and
a plain host has no Ray.
"""

from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_CANDIDATES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_TILES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
_PIXELS = (100_000, 300_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 12_000_000, 25_000_000, 50_000_000)


class Metrics:
    """The metrics of one process, each an attribute."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series for each, of no use
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("facegrid_build", "Version of facegrid", registry=registry).info({"version": version("facegrid")})

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"facegrid_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"facegrid_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
            return Histogram(f"facegrid_{name}", text, labels, registry=registry, buckets=buckets)

        # Requests
        self.requests = counter("requests_total", "Calls answered; a stream counts when it ends", "method", "code")
        self.stream_items = counter("stream_items_total", "Items of streams answered", "method", "code")
        self.errors = counter("errors_total", "Calls and items answered with an error", "method", "reason")
        self.request_seconds = histogram(
            "request_duration_seconds", "Time from a call, or an item of a stream, to its answer", "method"
        )
        self.in_progress = gauge("requests_in_progress", "Calls and items being worked on", "method")
        self.streams_open = gauge("streams_open", "Streams open", "method")

        # Pictures, stage by stage
        self.stage_seconds = histogram("stage_duration_seconds", "Time of one step of a picture", "stage")
        self.pixels = histogram("image_pixels", "Pixels of each picture decoded", buckets=_PIXELS)
        self.tiles = histogram("image_tiles", "Tiles that the pyramid of a picture fills", buckets=_TILES)
        self.candidates = histogram(
            "image_candidates", "Candidates of a picture that are left after a stage", "stage", buckets=_CANDIDATES
        )
        self.dropped = counter("dropped_candidates_total", "Candidates beyond FACEGRID_MAX_CANDIDATES, not looked at")
        self.crops = counter("crops_total", "Crops and chips cut out of pictures", "stage")

        # Model servers, as seen from here
        self.batch_rows = histogram("model_batch_rows", "Rows of a batch sent", "model", buckets=_ROWS)
        self.queue_seconds = histogram("model_queue_duration_seconds", "Time a batch waits to be sent", "model")
        self.call_seconds = histogram(
            "model_call_duration_seconds", "Time of a call that was answered", "model", "version", "endpoint"
        )
        self.calls = counter("model_calls_total", "Calls of model servers", "model", "version", "endpoint", "code")
        self.in_flight = gauge("model_calls_in_flight", "Calls with a model server", "model", "endpoint")
        self.retries = counter("model_retries_total", "Batches sent once more, by why", "model", "code")
        self.hedges = counter("model_hedges_total", "Batches sent to a second server as the first was late", "model")
        self.ejections = counter("model_ejections_total", "Times a server was left out", "model", "endpoint")

        # The gallery
        self.gallery_faces = gauge("gallery_faces", "Faces that each search compares with, when last looked")

    def forget(self, endpoint: str) -> None:
        """Drops the numbers of a model server that is gone, so that they do not pile up as servers come and go."""
        for metric in (self.call_seconds, self.calls, self.in_flight, self.ejections):
            metric.remove_by_labels({"endpoint": endpoint})
