"""--grpc_max_threads and --grpc_channel_arguments: how many calls run at once, and the options of gRPC."""

from collections import Counter

import grpc
import pytest

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from facegrid.tfserving.v1.predict_pb2 import ModelSpec, PredictRequest, PredictResponse
from model_server.grpc.server import WAITING_PER_THREAD
from tests.model_server.helpers.messages import INT32, predict_request, tensor
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

ENDLESS = predict_request("slow", {"steps": tensor(INT32, (), int_val=[2**31 - 1])})
ENDLESS_S = 8.0
STATUS = GetModelStatusRequest(model_spec=ModelSpec(name="slow"))


@pytest.fixture(scope="module")
def server(saved_models, tmp_path_factory):
    flags = (f"--model_base_path={saved_models}/slow", "--model_name=slow", "--grpc_max_threads=1")
    with ServerProcess(tmp_path_factory.mktemp("one_thread"), *flags) as running:
        yield running.wait_until_ready()


@pytest.fixture
def endless(server):
    """Starts calls that end with their deadline, so late that a pause of the machine is over before."""
    method = server.method("PredictionService/Predict", PredictRequest, PredictResponse)
    return lambda count: [method.future(ENDLESS, timeout=ENDLESS_S) for _ in range(count)]


def status_code(server, timeout_s: float) -> grpc.StatusCode:
    method = server.method("ModelService/GetModelStatus", GetModelStatusRequest, GetModelStatusResponse)
    try:
        method(STATUS, timeout=timeout_s)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def is_free(server) -> bool:
    return status_code(server, 30.0) is grpc.StatusCode.OK


def test_one_thread_does_one_thing_at_a_time(server, endless):
    eventually(lambda: is_free(server), "nothing runs")
    (running,) = endless(1)
    eventually(server.is_computing, "the call runs", timeout_s=ENDLESS_S)
    assert status_code(server, 0.3) is grpc.StatusCode.DEADLINE_EXCEEDED
    assert running.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert is_free(server)


@pytest.mark.usefixtures("embedded_only")
def test_calls_beyond_those_that_may_wait_are_refused_at_once(server, endless):
    eventually(lambda: is_free(server), "nothing runs")
    calls = endless(1)
    # Only then the call before it, which was answered, is counted out.
    eventually(server.is_computing, "the call runs", timeout_s=ENDLESS_S)
    calls += endless(WAITING_PER_THREAD + 4)
    codes = Counter(call.code().name for call in calls)
    assert codes == {"DEADLINE_EXCEEDED": 1 + WAITING_PER_THREAD, "RESOURCE_EXHAUSTED": 4}
    texts = {call.details() for call in calls if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert texts == {"Concurrent RPC limit exceeded!"}
    eventually(lambda: is_free(server), "what waited is gone")


def test_a_connection_ends_at_the_age_that_grpc_was_told(saved_models, tmp_path):
    arguments = "--grpc_channel_arguments=grpc.max_connection_age_ms=500,grpc.primary_user_agent=test"
    with ServerProcess(tmp_path, f"--model_base_path={saved_models}/slow", "--model_name=slow", arguments) as server:
        server.wait_until_ready()
        eventually(lambda: is_free(server), "it is connected")
        eventually(lambda: server.connections() == 0, "the server has closed the connection", timeout_s=30.0)
        assert is_free(server)


def test_a_connection_without_an_age_is_open_when_a_call_is_done(server):
    eventually(lambda: is_free(server), "nothing runs")
    assert server.connections() == 1
