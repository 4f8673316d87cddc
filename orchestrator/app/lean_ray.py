"""A Ray of one machine without the parts that serve a cluster's operator.

Of the eleven processes that ray.init and Ray Serve start, three are of no use here: the autoscaler's monitor, the log
monitor (it copies logs to a driver's terminal) and the dashboard. Together they take a quarter of the start's processor
time (8.7 of 36 s measured) and 170 MB. `ray start` can switch off the first two, not the third, and starts a Ray Client
server on a fixed port instead.

So this file patches `ray._private` of the one minor version that pyproject.toml pins; tests/cluster checks the list of
processes that run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import ray
from ray._private import utils
from ray._private.node import Node

_OBJECT_STORE_BYTES = 80 * 2**20  # near the least that Ray accepts; pictures do not pass through it


def start_ray(run_dir: Path, *, workers: int, ahead: int = 0, preload: str = "", gpus: bool = False) -> None:
    """Starts a Ray in `run_dir` and connects to it; `ray.shutdown()` ends it.

    Args:
        run_dir: Ray's folder for sockets and logs.
        workers: Number of cores that Ray has to give, whatever the machine has.
        ahead: Python processes to start before actors ask for them, `workers` or fewer; 0: as many as the machine has
            cores. Ray keeps those that no actor asks for, and starts none again for those that one has taken.
        preload: Module that these import at once; empty: none.
        gpus: Whether Ray looks for GPUs and gives them.
    """
    with _without_operator_parts():
        ray.init(
            address="local",
            num_cpus=workers,
            num_gpus=None if gpus else 0,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="warning",
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=str(run_dir / "ray"),
            _node_ip_address="127.0.0.1",
            _system_config=_ahead(ahead, preload) if ahead else None,
        )


def head_processes() -> list[Popen[bytes]]:
    """Returns the processes of the Ray that `start_ray` started without which it does not work: GCS and raylet."""
    node = ray._private.worker._global_node  # noqa: SLF001
    needed = {"gcs_server", "raylet"}
    return [one.process for name, found in node.all_processes.items() if name in needed for one in found]


def _ahead(processes: int, preload: str) -> dict[str, object]:
    return {"worker_maximum_startup_concurrency": processes, "preload_python_modules": [preload] if preload else []}


def join_ray(address: str) -> None:
    """Connects to the Ray cluster that this machine is a node of; `ray.shutdown()` leaves it.

    Args:
        address: HOST:PORT of its head, or auto.
    """
    ray.init(address=address, log_to_driver=False, logging_level="warning")


@contextmanager
def _without_operator_parts() -> Iterator[None]:
    def skip(_node: Node) -> None:
        pass

    def skip_api_server(node: Any, **_options: object) -> None:
        node._webui_url = ""  # noqa: SLF001 - what it is without a frontend

    replaced: list[tuple[Any, str, Any]] = [
        (Node, "start_monitor", skip),
        (Node, "start_log_monitor", skip),
        (Node, "start_api_server", skip_api_server),
        # The agent then runs as in an installation without ray[default]: no HTTP server on the fixed port 52365.
        (utils, "get_dashboard_dependency_error", lambda: ImportError("not wanted on one machine")),
    ]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    try:
        for owner, name, replacement in replaced:
            setattr(owner, name, replacement)
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)
