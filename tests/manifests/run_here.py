"""Runs what a container of the manifests starts as a process of this machine.

The command and its arguments are the manifest's. Ports and mounts, which only a pod has, are replaced, and so is the
name of the binary where it is not installed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from orchestrator.app.ports import free_ports
from tests.manifests.rendered import K8S, Doc, config_map, named
from tests.model_server.helpers.process import COMMAND, UPSTREAM
from tests.support.paths import REPOSITORY

COPY_MODELS = K8S / "images" / "copy-models.sh"


def packed_models(exported: Path, folder: Path) -> Path:
    """The folder of the models image: the exported networks with their checksums, as its Dockerfile makes them."""
    shutil.copytree(exported, folder)
    (run,) = [line for line in _steps("models") if "SHA256SUMS" in line and line.startswith("RUN")]
    script = run.removeprefix("RUN ").replace("/tmp/SHA256SUMS", f"{folder.parent}/SHA256SUMS")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, check=True, timeout=60)
    return folder


def _steps(image: str) -> list[str]:
    """The instructions of a Dockerfile, each on one line."""
    text = (K8S / "images" / f"{image}.Dockerfile").read_text()
    return re.sub(r"\\\n\s*", "", text).splitlines()


class ModelServer:
    """The container `model-server` of a Deployment, after its init container."""

    def __init__(self, docs: list[Doc], deployment: str, packed: Path, folder: Path) -> None:
        spec = named(docs, "Deployment", deployment)["spec"]["template"]["spec"]
        (init,), (container,) = spec["initContainers"], spec["containers"]
        self.port, self.rest_port = free_ports(2)
        self.log = folder / f"{deployment}.log"
        models, config = folder / f"{deployment}-models", folder / f"{deployment}-config"
        for one in (models, config):
            one.mkdir(parents=True)
        assert init["command"][0] == "copy-models"
        subprocess.run(
            [str(COPY_MODELS), str(models)], env={**os.environ, "MODELS_FROM": str(packed)}, check=True, timeout=60
        )
        for name, text in config_map(docs, "model-server").items():
            (config / name).write_text(text.replace('"/models/', f'"{models}/'))
        here = {"/etc/model-server": str(config), "--port=8500": f"--port={self.port}"}
        here["--rest_api_port=8501"] = f"--rest_api_port={self.rest_port}"
        assert container["command"] == ["tensorflow_model_server"]
        self.command = [*COMMAND, *(_replaced(argument, here) for argument in container["args"])]

    @contextmanager
    def running(self) -> Iterator["ModelServer"]:
        with self.log.open("w") as log:
            process = subprocess.Popen(self.command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield self
        finally:
            process.kill() if UPSTREAM else process.terminate()
            process.wait(60)


def _replaced(text: str, here: Mapping[str, str]) -> str:
    for ours, theirs in here.items():
        text = text.replace(ours, theirs)
    return text


def grpc_probe(port: int, service: str = "") -> bool:
    """Whether a gRPC probe of a kubelet would succeed."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            answer = HealthStub(channel).Check(HealthCheckRequest(service=service), timeout=5)
        except grpc.RpcError:
            return False
    return answer.status == HealthCheckResponse.SERVING
