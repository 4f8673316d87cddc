"""A model server: which program it is, how it is started, and which versions it serves."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1 import model_status_pb2
from orchestrator.fleet.errors import FleetError
from orchestrator.machine import threads_to_use

_BINARY = "tensorflow_model_server"
_UNIX = "unix:"
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
        "--enable_grpc_healthcheck_service",  # for probes; `ManagementClient` asks model by model
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


def missing_models(versions: list[ModelVersion], models: list[str]) -> list[str]:
    """Returns the models without an available version."""
    available = {one.model for one in versions if one.state == "AVAILABLE"}
    return [model for model in models if model not in available]


def to_version(model: str, status: model_status_pb2.ModelVersionStatus) -> ModelVersion:
    """Returns the state of a version, from the server's message."""
    state = _State.Name(status.state).removeprefix("STATE_")
    return ModelVersion(model, status.version, state, status.status.error_message)
