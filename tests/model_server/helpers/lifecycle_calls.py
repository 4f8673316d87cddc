"""Calls of the tests of the lifecycle, to a server whose models add a number to x / 2."""

import grpc
import pytest
from google.protobuf import text_format

from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from tests.model_server.helpers.messages import floats, predict_request, values


def reload(server, *entries: str, timeout_s=60.0) -> ReloadConfigResponse:
    """Sends a list of models, each the text of a ModelConfig in `config { }`."""
    config = text_format.Parse(f"model_config_list {{ {' '.join(entries)} }}", ModelServerConfig())
    method = server.method("ModelService/HandleReloadConfigRequest", ReloadConfigRequest, ReloadConfigResponse)
    return method(ReloadConfigRequest(config=config), timeout=timeout_s)


def refusal(ask) -> tuple[grpc.StatusCode, str]:
    """Returns the status that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    return caught.value.code(), caught.value.details()


def at_zero(server, name="m", **chosen) -> float:
    """Returns what the version adds to x / 2."""
    (answer,) = values(server.predict(predict_request(name, {"x": floats([[0]])}, **chosen)).outputs["y"])
    return answer


def states(server, name="m") -> dict[int, int]:
    """Returns the state of every version that was ever seen."""
    response = server.status(GetModelStatusRequest(model_spec=ModelSpec(name=name)))
    return {found.version: found.state for found in response.model_version_status}
