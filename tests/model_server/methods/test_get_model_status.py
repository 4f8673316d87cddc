import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import ModelSpec

AVAILABLE = ModelVersionStatus.STATE_AVAILABLE


def status_request(name, version=None, label=None) -> GetModelStatusRequest:
    request = GetModelStatusRequest(model_spec=ModelSpec(name=name))
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    return request


@pytest.mark.parametrize("chosen", [{}, {"version": 123}, {"label": "is ignored"}])
def test_an_available_version(server, chosen):
    (found,) = server.status(status_request("half_plus_two", **chosen)).model_version_status
    assert (found.version, found.state, found.status.error_code, found.status.error_message) == (123, AVAILABLE, 0, "")
    assert found.HasField("status")


ERRORS = {
    "no model_spec": (GetModelStatusRequest(), grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec"),
    "unknown model": (
        status_request("nobody"), grpc.StatusCode.NOT_FOUND, "Could not find any versions of model nobody"
    ),
    "no name": (status_request(""), grpc.StatusCode.NOT_FOUND, "Could not find any versions of model "),
    "unknown version": (
        status_request("half_plus_two", 7), grpc.StatusCode.NOT_FOUND, "Could not find version 7 of model half_plus_two"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "code", "text"), ERRORS.values(), ids=ERRORS.keys())
def test_error_has_upstream_code_and_text(server, request_, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        server.status(request_)
    assert (caught.value.code(), caught.value.details()) == (code, text)


@pytest.mark.parametrize("service", ["", "ModelService", "PredictionService"])
def test_health_is_serving(server, service):
    answer = health_pb2_grpc.HealthStub(server.channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=30
    )
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_an_unknown_service(server):
    with pytest.raises(grpc.RpcError) as caught:
        health_pb2_grpc.HealthStub(server.channel).Check(health_pb2.HealthCheckRequest(service="x"), timeout=30)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
