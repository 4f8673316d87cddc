"""A model server: which program it is, how it is started, and which versions it serves."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import grpc

from facegrid.tfserving.v1 import model_status_pb2
from orchestrator.fleet.errors import FleetError
from orchestrator.machine import threads_to_use

_BINARY = "tensorflow_model_server"
_UNIX = "unix:"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
_State = model_status_pb2.ModelVersionStatus.State


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model, as the model server reports it."""

    model: str
    version: int
    state: str
    """START, LOADING, AVAILABLE, UNLOADING or END."""
    error: str
    """Why it could not be loaded, or what is wrong with its model's folder; empty where nothing is."""


def model_server_command(config_file: Path, address: str) -> list[str]:
    """Returns the command of a model server that listens on a UNIX socket (unix:PATH) and nowhere else, or on a port.

    Raises:
        FleetError: Neither tensorflow_model_server nor TensorFlow is installed.
    """
    socket = address.removeprefix(_UNIX) if address.startswith(_UNIX) else ""
    flags = [
        f"--model_config_file={config_file}",
        f"--port={0 if socket else address.rpartition(':')[2]}",
        *([f"--grpc_socket_path={socket}"] if socket else []),
        "--enable_grpc_healthcheck_service",  # for probes; `model_versions` asks model by model
    ]
    if (threads := threads_to_use()) is not None:
        flags += [f"--tensorflow_{kind}_op_parallelism={threads}" for kind in ("intra", "inter")]
    if binary := shutil.which(_BINARY):
        return [binary, *flags]
    if importlib.util.find_spec("tensorflow") is None:
        raise FleetError(
            f"there is no model server: neither {_BINARY} on the PATH nor TensorFlow",
            "run: pip install 'facegrid[model-server]'",
        )
    return [sys.executable, "-m", "model_server", *flags, "--strict_input_shapes"]


def model_versions(target: str, models: list[str], *, timeout_s: float) -> list[ModelVersion] | None:
    """Returns the versions of each model, or None where the server does not answer.

    A model that the server does not know has no versions.
    """
    with grpc.insecure_channel(target, [("grpc.enable_retries", 0)]) as channel:
        get_status = channel.unary_unary(
            GET_MODEL_STATUS,
            request_serializer=model_status_pb2.GetModelStatusRequest.SerializeToString,
            response_deserializer=model_status_pb2.GetModelStatusResponse.FromString,
        )
        found: list[ModelVersion] = []
        for model in models:
            request = model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = model
            try:
                answer = get_status(request, timeout=timeout_s)
            except grpc.RpcError as err:
                if err.code() == grpc.StatusCode.NOT_FOUND:
                    continue
                return None
            found.extend(to_version(model, one) for one in answer.model_version_status)
    return found


def missing_models(versions: list[ModelVersion], models: list[str]) -> list[str]:
    """Returns the models without an available version."""
    available = {one.model for one in versions if one.state == "AVAILABLE"}
    return [model for model in models if model not in available]


def to_version(model: str, status: model_status_pb2.ModelVersionStatus) -> ModelVersion:
    """Returns the state of a version, from the server's message."""
    state = _State.Name(status.state).removeprefix("STATE_")
    return ModelVersion(model, status.version, state, status.status.error_message)
