"""Starts the Ray pod of the manifests as a Ray node of this machine, and deploys their application to it.

This is what KubeRay does with a RayService: `ray start` with the group's rayStartParams in the container's environment,
then the configuration of Serve over the dashboard's API. Ports and paths that a pod has to itself are replaced.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from orchestrator.app.ingress import ingress_environment
from orchestrator.app.ports import free_ports
from tests.manifests.rendered import Doc, config_map, of_kind
from tests.support.paths import REPOSITORY

_BIN = Path(sys.executable).parent


class RayPod:
    """A worker's container, made head of a cluster of one.

    Args:
        docs: The rendered manifests.
        targets: Address of each model's server here.
        gallery: Folder in the place of the volume of the gallery.
    """

    def __init__(self, docs: list[Doc], targets: Mapping[str, str], gallery: Path) -> None:
        (service,) = of_kind(docs, "RayService")
        (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        (self.container,) = group["template"]["spec"]["containers"]
        self.config: dict[str, Any] = yaml.safe_load(service["spec"]["serveConfigV2"])
        self.folder = Path(tempfile.mkdtemp(prefix="fgk8s"))  # short: Ray's sockets lie below it
        self.grpc_port, self.http_port, self.dashboard_port, self.agent_port, *self._others = free_ports(9)
        self._params = group["rayStartParams"]
        self.env = self._environment(config_map(docs, "orchestrator"), targets, gallery)

    def _environment(self, settings: Mapping[str, str], targets: Mapping[str, str], gallery: Path) -> dict[str, str]:
        ours = {one["name"]: one["value"] for one in self.container["env"]}
        ports_and_paths = {
            name: value
            for name, value in ingress_environment("haproxy", self.folder).items()
            if name not in ours and name.endswith(("_PORT", "_LOC", "_PATH", "_BASE", "_FILE"))
        }
        token = self.folder / "token"
        token.write_text("0123456789abcdef" * 4)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "FACEGRID_"))},
            **settings,
            **ours,
            **ports_and_paths,
            "FACEGRID_MODEL_SERVERS": ",".join(f"{model}={target}" for model, target in targets.items()),
            "FACEGRID_GALLERY": str(gallery),
            "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "PYTHONPATH": str(REPOSITORY),
        }

    @contextmanager
    def running(self) -> Iterator["RayPod"]:
        gcs, client, metrics, agent_grpc, _ = self._others
        here = {
            "port": gcs, "node-ip-address": "127.0.0.1", "dashboard-host": "127.0.0.1",
            "dashboard-port": self.dashboard_port, "dashboard-agent-listen-port": self.agent_port,
            "dashboard-agent-grpc-port": agent_grpc, "ray-client-server-port": client, "metrics-export-port": metrics,
            "temp-dir": self.folder / "ray", "include-dashboard": "true",
        }  # fmt: skip
        command = [str(_BIN / "ray"), "start", "--head", "--block"]
        command += [f"--{name}={value}" for name, value in {**self._params, **here}.items()]
        log = self.folder / "ray.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command, env=self.env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield self
        finally:
            _stop(process)
            shutil.rmtree(self.folder, ignore_errors=True)

    def deploy(self) -> subprocess.CompletedProcess[str]:
        """`serve deploy` with the manifest's configuration, its ports replaced."""
        config = yaml.safe_load(yaml.safe_dump(self.config))
        config["http_options"] |= {"host": "127.0.0.1", "port": self.http_port}
        config["grpc_options"]["port"] = self.grpc_port
        file = self.folder / "serve.yaml"
        file.write_text(yaml.safe_dump(config))
        return self.serve("deploy", str(file))

    def status(self) -> dict[str, Any]:
        """What Serve says of the application, as KubeRay asks it."""
        answer = yaml.safe_load(self.serve("status").stdout) or {}
        return answer.get("applications", {}).get("facegrid", {})

    def serve(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(_BIN / "serve"), *arguments, "--address", f"http://127.0.0.1:{self.dashboard_port}"]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, check=False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends `ray start --block` and everything that it started."""
    started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(started, timeout=20)
    for one in left:
        one.kill()
    psutil.wait_procs(left, timeout=10)
