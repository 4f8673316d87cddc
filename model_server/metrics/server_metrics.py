"""The metrics of requests and loads, under upstream's names. Latencies are in microseconds.

Upstream takes the model's name of any request as a label, so a caller that invents names fills its memory. Here the
limit is MAX_UNKNOWN_MODELS.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc

from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.metrics.batching_metrics import BatchingMetrics
from model_server.metrics.measured_servable import MeasuredServable
from model_server.metrics.registry import MetricRegistry, exponential
from model_server.run.servable import Array, Port, Servable

MAX_UNKNOWN_MODELS = 100
"""How many models that never answered get a label of their own; the others share OTHER_MODELS."""
MAX_UNKNOWN_NAME_LENGTH = 200
OTHER_MODELS = "(other)"
"""The label of requests for models beyond these."""


class HasModelSpec(Protocol):
    """A request that says which model it is for."""

    @property
    def model_spec(self) -> ModelSpec:
        """The model."""


RecordCall = Callable[[HasModelSpec, grpc.StatusCode, float], None]
"""Gets a request, the status of its response, and the seconds until then."""

_PREFIX = "/tensorflow/serving/"
_LATENCY_LIMITS = exponential(10, 1.8, 33)
_RUNTIME = "TF1"


class ServerMetrics:
    """Counts requests and loads of all models."""

    def __init__(self) -> None:
        registry = MetricRegistry()
        self.registry = registry
        self.batching = BatchingMetrics(registry)
        self._models = _ModelNames()
        self._requests = registry.counter(f"{_PREFIX}request_count", "model_name", "status")
        self._request_latency = registry.histogram(
            f"{_PREFIX}request_latency", "model_name", "API", "entrypoint", limits=_LATENCY_LIMITS
        )
        self._runtime_latency = registry.histogram(
            f"{_PREFIX}runtime_latency", "model_name", "API", "runtime", limits=_LATENCY_LIMITS
        )
        self._examples = registry.histogram(f"{_PREFIX}request_example_counts", "model", limits=exponential(1, 2, 15))
        self._all_examples = registry.counter(f"{_PREFIX}request_example_count_total", "model")
        self._warmup_latency = registry.histogram(
            f"{_PREFIX}model_warmup_latency", "model_path", "status", limits=_LATENCY_LIMITS
        )
        self._warmup_records = registry.counter(f"{_PREFIX}model_warmup_records_read", "model_path", "status")
        # Always empty, as it is upstream unless a server is built with a collector of requests.
        registry.counter(f"{_PREFIX}request_log_count", "model_name", "status_code")

    def grpc_recorder(self, api: str) -> RecordCall:
        """Returns the function that counts the gRPC requests of a method such as "Predict"."""

        def record(request: HasModelSpec, code: grpc.StatusCode, took_s: float) -> None:
            self.record_request(request.model_spec.name, api, "GRPC", code, took_s)

        return record

    def record_request(self, model: str, api: str, entrypoint: str, code: grpc.StatusCode, took_s: float) -> None:
        """Counts a request, and the time it took if it was answered.

        Args:
            model: The name in the request, whether there is such a model or not.
            api: "Predict", "Classify" or "Regress"; over REST in small letters, as upstream takes it from the path.
            entrypoint: "GRPC" or "REST".
            code: The status of the answer.
            took_s: Seconds until there was an answer.
        """
        is_answered = code is grpc.StatusCode.OK
        label = self._models.label(model, exists=is_answered)
        if is_answered:
            self._request_latency.cell(label, api, entrypoint).add(took_s * 1e6)
        self._requests.cell(label, code.name).increase()

    def measured(self, servable: Servable, model: str, api: str) -> Servable:
        """Returns the servable of a request; its run is measured, and its examples are counted."""

        def on_run(feeds: Sequence[tuple[Port, Array]], took_s: float) -> None:
            label = self._models.label(model, exists=True)
            self._runtime_latency.cell(label, api, _RUNTIME).add(took_s * 1e6)
            if api != "Predict":
                _, examples = feeds[0]
                self._examples.cell(label).add(len(examples))
                self._all_examples.cell(label).increase(len(examples))

        return MeasuredServable(servable, on_run)

    def record_warmup(self, path: str, status: str, *, records: int, took_s: float) -> None:
        """Counts a warm-up of the version in a folder, and the records that were replayed."""
        self._warmup_latency.cell(path, status).add(took_s * 1e6)
        self._warmup_records.cell(path, status).increase(records)


class _ModelNames:
    """Limits the number of labels that callers can invent."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._unknown_count = 0
        self._lock = threading.Lock()

    def label(self, name: str, *, exists: bool) -> str:
        """Returns the name, or OTHER_MODELS once too many names without a model are known."""
        return name if name in self._names else self._new_label(name, exists=exists)

    def _new_label(self, name: str, *, exists: bool) -> str:
        with self._lock:
            if not exists and name not in self._names:
                if self._unknown_count == MAX_UNKNOWN_MODELS or len(name) > MAX_UNKNOWN_NAME_LENGTH:
                    return OTHER_MODELS
                self._unknown_count += 1
            self._names.add(name)
        return name
