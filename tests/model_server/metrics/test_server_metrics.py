"""What is counted, in a process without TensorFlow's runtime: the network is a function."""

import threading
from types import SimpleNamespace

import grpc
import numpy as np
import pytest

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from model_server.batching.batcher import Batcher
from model_server.batching.scheduler import BatchScheduler
from model_server.errors import ServingError
from model_server.files.batching_parameters import BatchLimits, PoolSize
from model_server.metrics.batching_metrics import BatchingMetrics
from model_server.metrics.prometheus import page
from model_server.metrics.registry import MetricRegistry
from model_server.metrics.server_metrics import MAX_UNKNOWN_MODELS, MAX_UNKNOWN_NAME_LENGTH, ServerMetrics
from tests.model_server.helpers.batch_queues import queued
from tests.support.polling import eventually

PORT, OTHER_PORT = SimpleNamespace(tensor_name="x:0"), SimpleNamespace(tensor_name="y:0")

OK, NOT_FOUND = grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND


@pytest.fixture
def metrics() -> ServerMetrics:
    return ServerMetrics()


def samples(registry: MetricRegistry) -> dict[str, str]:
    """The page as a mapping from name and labels to the number; of histograms only sum and count."""
    lines = (line.rpartition(" ") for line in page(registry).splitlines() if line[0] != "#")
    return {name: value for name, _, value in lines if "_bucket{" not in name}


def request(model: str) -> PredictRequest:
    return PredictRequest(model_spec={"name": model})


def test_a_server_that_has_not_been_asked_names_its_metrics(metrics):
    assert page(metrics.registry).splitlines() == [
        "# TYPE :tensorflow:serving:batching_session:input_batch_size histogram",
        "# TYPE :tensorflow:serving:batching_session:padding_size histogram",
        "# TYPE :tensorflow:serving:batching_session:processed_batch_size histogram",
        "# TYPE :tensorflow:serving:batching_session:queuing_latency histogram",
        "# TYPE :tensorflow:serving:batching_session:wrapped_run_count counter",
        "# TYPE :tensorflow:serving:model_warmup_latency histogram",
        "# TYPE :tensorflow:serving:model_warmup_records_read counter",
        "# TYPE :tensorflow:serving:request_count counter",
        "# TYPE :tensorflow:serving:request_example_count_total counter",
        "# TYPE :tensorflow:serving:request_example_counts histogram",
        "# TYPE :tensorflow:serving:request_latency histogram",
        "# TYPE :tensorflow:serving:request_log_count counter",
        "# TYPE :tensorflow:serving:runtime_latency histogram",
    ]


def test_every_request_is_counted_and_the_time_of_the_answered_ones(metrics):
    grpc_predict = metrics.grpc_recorder("Predict")
    grpc_predict(request("m"), OK, 0.001)
    grpc_predict(request("m"), OK, 0.002)
    grpc_predict(request("m"), NOT_FOUND, 5.0)
    metrics.record_request("m", "predict", "REST", OK, 0.25)
    assert samples(metrics.registry) == {
        ':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"}': "1",
        ':tensorflow:serving:request_count{model_name="m",status="OK"}': "3",
        ':tensorflow:serving:request_latency_sum{model_name="m",API="Predict",entrypoint="GRPC"}': "3000",
        ':tensorflow:serving:request_latency_count{model_name="m",API="Predict",entrypoint="GRPC"}': "2",
        ':tensorflow:serving:request_latency_sum{model_name="m",API="predict",entrypoint="REST"}': "250000",
        ':tensorflow:serving:request_latency_count{model_name="m",API="predict",entrypoint="REST"}': "1",
    }


class _EchoServable:
    signatures = signature_defs = None

    def run(self, feeds, fetches, *, timeout_s=None):
        if timeout_s == 0:
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "no")
        if len(feeds) != len(fetches) or feeds[0][0] is not fetches[0]:
            return [np.float32(0)]
        return [array for _, array in feeds]


def test_runs_that_succeed_are_timed(metrics):
    network = metrics.measured(_EchoServable(), "m", "Predict")
    assert [array.tolist() for array in network.run([(PORT, np.ones(3))], [PORT])] == [[1, 1, 1]]
    with pytest.raises(ServingError):
        network.run([(PORT, np.ones(3))], [PORT], timeout_s=0)
    labels = '{model_name="m",API="Predict",runtime="TF1"}'
    seen = samples(metrics.registry)
    assert seen.keys() == {f":tensorflow:serving:runtime_latency_{part}{labels}" for part in ("sum", "count")}
    assert seen[f":tensorflow:serving:runtime_latency_count{labels}"] == "1"


@pytest.mark.parametrize("api", ["Classify", "Regress", "MultiInference"])
def test_examples_are_counted(metrics, api):
    for count in (3, 5):
        metrics.measured(_EchoServable(), "m", api).run([(PORT, np.ones(count))], [PORT])
    seen = samples(metrics.registry)
    assert seen[':tensorflow:serving:request_example_count_total{model="m"}'] == "8"
    assert seen[':tensorflow:serving:request_example_counts_sum{model="m"}'] == "8"
    assert seen[':tensorflow:serving:request_example_counts_count{model="m"}'] == "2"


def test_made_up_names_of_models_do_not_fill_the_memory(metrics):
    record = metrics.grpc_recorder("Predict")
    for index in range(MAX_UNKNOWN_MODELS + 50):
        record(request(f"made up {index}"), NOT_FOUND, 0.0)
    record(request("x" * (MAX_UNKNOWN_NAME_LENGTH + 1)), NOT_FOUND, 0.0)
    record(request("served"), OK, 0.0)
    record(request("served"), NOT_FOUND, 0.0)
    seen = samples(metrics.registry)
    assert (
        seen[f':tensorflow:serving:request_count{{model_name="made up {MAX_UNKNOWN_MODELS - 1}",status="NOT_FOUND"}}']
        == "1"
    )
    assert seen[':tensorflow:serving:request_count{model_name="(other)",status="NOT_FOUND"}'] == "51"
    assert seen[':tensorflow:serving:request_count{model_name="served",status="OK"}'] == "1"
    assert seen[':tensorflow:serving:request_count{model_name="served",status="NOT_FOUND"}'] == "1"
    assert len(seen) == MAX_UNKNOWN_MODELS + 1 + 4


def test_a_name_that_was_made_up_counts_as_itself_once_it_is_served(metrics):
    record = metrics.grpc_recorder("Predict")
    for index in range(MAX_UNKNOWN_MODELS + 1):
        record(request(f"m{index}"), NOT_FOUND, 0.0)
    last = f"m{MAX_UNKNOWN_MODELS}"
    record(request(last), OK, 0.0)
    record(request(last), NOT_FOUND, 0.0)
    assert (
        samples(metrics.registry)[f':tensorflow:serving:request_count{{model_name="{last}",status="NOT_FOUND"}}'] == "1"
    )


def test_a_warm_up_is_counted(metrics):
    metrics.record_warmup("/models/m/1", "OK", records=3, took_s=0.5)
    assert samples(metrics.registry) == {
        ':tensorflow:serving:model_warmup_latency_sum{model_path="/models/m/1",status="OK"}': "500000",
        ':tensorflow:serving:model_warmup_latency_count{model_path="/models/m/1",status="OK"}': "1",
        ':tensorflow:serving:model_warmup_records_read{model_path="/models/m/1",status="OK"}': "3",
    }


@pytest.fixture
def batcher():
    """A Batcher of two inputs each, whose batches of 2, 4 or 8 are run when full; and the registry it counts in."""
    scheduler = BatchScheduler(PoolSize(1, "pool"))
    registry = MetricRegistry()
    limits = BatchLimits(8, 8, timeout_s=0.01, allowed_sizes=(2, 4, 8))
    yield Batcher(_EchoServable().run, scheduler, limits, BatchingMetrics(registry)), scheduler, registry
    scheduler.close()


def test_batches_are_counted(batcher):
    run, scheduler, registry = batcher[0].run, *batcher[1:]
    feeds, fetches = [(PORT, np.ones(3)), (OTHER_PORT, np.ones(3))], [PORT, OTHER_PORT]
    callers = [threading.Thread(target=run, args=(feeds, fetches)) for _ in range(2)]
    for caller in callers:
        caller.start()
    eventually(lambda: queued(scheduler) == 2, "both are queued")
    scheduler.start()
    for caller in callers:
        caller.join()
    seen = {name.removeprefix(":tensorflow:serving:batching_session:"): n for name, n in samples(registry).items()}
    assert float(seen.pop('queuing_latency_sum{thread_pool_name="pool"}')) > 0
    assert seen == {
        'queuing_latency_count{thread_pool_name="pool"}': "2",
        "input_batch_size_count{}": "4",
        "input_batch_size_sum{}": "12",
        "processed_batch_size_count{}": "1",
        "processed_batch_size_sum{}": "8",
        'padding_size_count{execution_batch_size="8"}': "1",
        'padding_size_sum{execution_batch_size="8"}': "2",
        "wrapped_run_count{}": "1",
    }


def test_a_batch_that_fails_is_counted_as_run(batcher):
    run, scheduler, registry = batcher[0].run, *batcher[1:]
    scheduler.start()
    with pytest.raises(ServingError, match="0 dimensions"):
        run([(PORT, np.ones(2))], [OTHER_PORT], timeout_s=30.0)
    assert samples(registry)[":tensorflow:serving:batching_session:wrapped_run_count{}"] == "1"


def test_a_request_that_is_refused_is_not_counted(batcher):
    run, scheduler, registry = batcher[0].run, *batcher[1:]
    scheduler.start()
    with pytest.raises(ServingError, match="0th-dimension"):
        run([(PORT, np.ones(1)), (OTHER_PORT, np.ones(2))], [PORT])
    assert samples(registry) == {}
