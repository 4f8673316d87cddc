"""SIGTERM: calls under way are answered, new ones are refused, and the process exits with 0."""

import signal
import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest
from facegrid.tfserving.v1.predict_pb2 import ModelSpec, PredictRequest, PredictResponse
from tests.model_server.helpers.messages import ints, predict_request
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

pytestmark = pytest.mark.usefixtures("embedded_only")

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
HEALTH_NAMES = ("", "ModelService", "PredictionService")
STOPPING = "the model server is stopping; send the request to another, or later"


def slow_request(steps: int) -> PredictRequest:
    return predict_request("slow", {"steps": ints(steps)})


@pytest.fixture
def server(tmp_path, saved_models):
    flags = ("--model_name=slow", f"--model_base_path={saved_models}/slow", "--enable_grpc_healthcheck_service")
    with ServerProcess(tmp_path, *flags) as running:
        yield running.wait_until_ready()


def call_under_way(server, steps: int):
    call = server.method("PredictionService/Predict", PredictRequest, PredictResponse).future(
        slow_request(steps), timeout=120
    )
    eventually(server.is_computing, "the call is being computed")
    return call


def test_calls_under_way_are_answered_and_new_ones_are_refused(server):
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest(service=""))
    assert next(watch).status == SERVING
    call = call_under_way(server, 20_000)
    server.process.terminate()

    assert next(watch).status == NOT_SERVING
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as probe:
        check = health_pb2_grpc.HealthStub(probe).Check
        answers = [check(health_pb2.HealthCheckRequest(service=name), timeout=30) for name in HEALTH_NAMES]
    assert [answer.status for answer in answers] == [NOT_SERVING] * 3
    # Of a closed gate: it is closed after the health says so.
    eventually(lambda: refusal(server) == (grpc.StatusCode.UNAVAILABLE, STOPPING), "new calls are refused")
    assert len(server.status(GetModelStatusRequest(model_spec=ModelSpec(name="slow"))).model_version_status) == 1
    assert not call.done()
    assert server.process.poll() is None


def refusal(server) -> tuple[grpc.StatusCode, str] | None:
    try:
        server.predict(slow_request(1))
    except grpc.RpcError as error:
        return error.code(), error.details()
    return None


def test_the_last_answer_is_sent_and_the_process_ends_well(server):
    call = call_under_way(server, 5_000)
    server.process.terminate()
    assert call.result().outputs["sum"].float_val == [256.0]
    assert server.process.wait(30) == 0
    assert not server.is_listening()


def test_every_watcher_hears_of_the_end(server):
    """Even where no call is under way, so that nothing is waited for."""
    stub = health_pb2_grpc.HealthStub(server.channel)
    watches = [stub.Watch(health_pb2.HealthCheckRequest(service=name)) for name in HEALTH_NAMES * 3]
    assert [next(watch).status for watch in watches] == [SERVING] * 9
    server.process.terminate()
    assert [next(watch).status for watch in watches] == [NOT_SERVING] * 9
    for watch in watches:
        with pytest.raises(grpc.RpcError):
            next(watch)
    assert server.process.wait(30) == 0


def test_under_traffic_each_call_is_answered_or_refused(server):
    """No answer is lost between the network and the wire."""
    errors: list[tuple[grpc.StatusCode, str]] = []
    answered = threading.Semaphore(0)

    def ask() -> None:
        while True:
            try:
                server.predict(slow_request(1))
            except grpc.RpcError as error:
                errors.append((error.code(), error.details()))
                return
            answered.release()

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for _ in range(100):
        assert answered.acquire(timeout=60)
    server.process.terminate()
    for caller in callers:
        caller.join()
    assert server.process.wait(30) == 0
    assert {code for code, _ in errors} == {grpc.StatusCode.UNAVAILABLE}
    # Refused by the server, or by the closed port when the caller asked again.
    assert all(text == STOPPING or "onnect" in text for _, text in errors), errors


def test_a_second_signal_ends_it_at_once(server):
    call = call_under_way(server, 1_000_000)
    server.process.terminate()
    eventually(lambda: "stopping: " in server.log.read_text(), "the first signal is heard")
    assert server.process.poll() is None
    server.process.terminate()
    assert server.process.wait(10) == -signal.SIGTERM
    assert call.exception().code() is grpc.StatusCode.UNAVAILABLE


def test_calls_that_take_too_long_are_cancelled(tmp_path, saved_models):
    flags = ("--model_name=slow", f"--model_base_path={saved_models}/slow", "--drain_timeout_seconds=0")
    with ServerProcess(tmp_path, *flags) as server:
        server.wait_until_ready()
        call = call_under_way(server, 1_000_000)
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert call.exception().code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
