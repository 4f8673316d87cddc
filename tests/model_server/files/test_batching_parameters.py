"""--batching_parameters_file: defaults, limits that cannot be, and the file that is shipped."""

import grpc
import pytest
from google.protobuf import text_format

from facegrid.tfserving.v1.batching_parameters_pb2 import BatchingParameters
from model_server.errors import ServingError
from model_server.files.batching_parameters import BatchLimits, PoolSize
from orchestrator.predict.batches import MAX_BATCH
from tests.support.paths import REPOSITORY


def test_the_shipped_limits_admit_every_request_of_the_orchestrator():
    text = (REPOSITORY / "serving_configs" / "batching.config").read_text()
    parameters = text_format.Parse(text, BatchingParameters())
    assert BatchLimits.from_proto(parameters).max_batch_size == max(MAX_BATCH.values())
    assert PoolSize.from_proto(parameters).threads == 2


BAD_PARAMETERS = {
    "max_batch_size { value: 0 }": "input_batch_size_limit must be positive; was 0",
    "max_enqueued_batches { value: -1 }": "max_enqueued_batches must be positive; was -1",
    "batch_timeout_micros { value: -1 }": "batch_timeout_micros must be non-negative; was -1",
    "num_batch_threads { value: 0 }": "num_batch_threads must be positive; was 0",
    "allowed_batch_sizes: 8": (
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 1000"
    ),
    "allowed_batch_sizes: [8, 8] max_batch_size { value: 8 }": (
        "allowed_batch_sizes must rise from at least 1; were [8, 8]"
    ),
    "enable_large_batch_splitting { value: true } max_execution_batch_size { value: 1001 }": (
        "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
        "max_execution_batch_size.110001001"
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_PARAMETERS.items())
def test_impossible_parameters_are_refused(text, message):
    parameters = text_format.Parse(text, BatchingParameters())
    with pytest.raises(ServingError) as caught:
        (PoolSize.from_proto(parameters), BatchLimits.from_proto(parameters))
    assert (caught.value.code, caught.value.message) == (grpc.StatusCode.INVALID_ARGUMENT, message)


def test_defaults_are_those_of_upstream():
    assert BatchLimits.from_proto(BatchingParameters()) == BatchLimits(1000, 1000, 0.0, 10, (), False)
    assert [BatchLimits(8, 8, allowed_sizes=(2, 8)).padded_size(size) for size in (1, 2, 3, 8)] == [2, 2, 8, 8]
