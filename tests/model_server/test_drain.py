"""SIGTERM: what is under way is answered, nothing new is taken, and the process ends well."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from facegrid.tfserving.v1.predict_pb2 import PredictRequest, PredictResponse
from tests.model_server.messages import ints, predict_request
from tests.model_server.process import ServerProcess, eventually

pytestmark = pytest.mark.usefixtures("embedded_only")

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def slow_request(steps: int) -> PredictRequest:
    return predict_request("slow", {"steps": ints(steps)})


def test_calls_under_way_are_answered(tmp_path, saved_models):
    flags = ("--model_name=slow", f"--model_base_path={saved_models}/slow", "--enable_grpc_healthcheck_service")
    with ServerProcess(tmp_path, *flags) as server:
        server.wait_until_ready()
        health = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest(service=""))
        assert next(health).status == SERVING
        call = server.method("PredictionService/Predict", PredictRequest, PredictResponse).future(
            slow_request(5000), timeout=120
        )
        eventually(lambda: server.busy_threads() > 0, "the call is being computed")
        server.process.terminate()

        assert next(health).status == NOT_SERVING
        assert not call.done()
        eventually(lambda: not server.is_listening(), "the port is closed")
        assert call.result().outputs["sum"].float_val == [256.0]
        assert server.process.wait(30) == 0
        with pytest.raises(grpc.RpcError):
            next(health)


def test_calls_that_take_too_long_are_cancelled(tmp_path, saved_models):
    flags = ("--model_name=slow", f"--model_base_path={saved_models}/slow", "--drain_timeout_seconds=0")
    with ServerProcess(tmp_path, *flags) as server:
        server.wait_until_ready()
        call = server.method("PredictionService/Predict", PredictRequest, PredictResponse).future(
            slow_request(1_000_000), timeout=120
        )
        eventually(lambda: server.busy_threads() > 0, "the call is being computed")
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert call.exception().code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
