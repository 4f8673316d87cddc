"""What does it cost to count a call of the model server?

    python -m benchmarks.speed.server_metrics

Counted as for an answered Predict: the request, its latency and that of the network's run. With eight threads, each
counts the same model as fast as it can: far more than they would if they also ran networks.
"""

import sys
import time
from types import SimpleNamespace
from typing import Any

import grpc

from benchmarks.common.machine import conditions
from benchmarks.common.throughput import calls_per_s
from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from model_server.metrics.prometheus import page
from model_server.metrics.server_metrics import ServerMetrics


def main() -> int:
    """Prints microseconds for each call, and milliseconds for a page of a hundred models."""
    print(conditions("grpcio"))
    metrics = ServerMetrics()
    record = metrics.grpc_recorder("Predict")
    request = PredictRequest(model_spec={"name": "m"})
    # Runs in no time, so that what is measured is the counting.
    network: Any = SimpleNamespace(signatures={}, signature_defs={}, run=lambda *_, **__: [])

    def count() -> None:
        metrics.measured(network, "m", "Predict").run([], [])
        record(request, grpc.StatusCode.OK, 0.001)

    for threads in (1, 8):
        print(f"{threads} threads: {1e6 / calls_per_s(count, threads, 2.0):.2f} us for each call")
    for index in range(100):
        metrics.record_request(f"model {index}", "Predict", "GRPC", grpc.StatusCode.OK, 0.001)
    started_s = time.perf_counter()
    size = len(page(metrics.registry))
    print(f"a page of {size:,} bytes: {(time.perf_counter() - started_s) * 1e3:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
