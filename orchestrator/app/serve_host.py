"""The process that holds Ray and Ray Serve: `python -m orchestrator.app.serve_host`, started by `facegrid up`.

It starts Ray, then Serve, deploys the application, and waits for SIGTERM. Ray's processes are its children and end with
it, however it ends. It writes each step that is done to the steps file in the run folder. On the socket there it
reports the state of Serve (host_files.py) and changes the versions that the fleet serves (serve_fleet.py).
"""

import argparse
import json
import os
import signal
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestrator.app import lean_ray
from orchestrator.app.host_files import STATUS_SOCKET, StartStep, write_step
from orchestrator.app.serve_fleet import ServeFleet
from orchestrator.fleet.sizes import Size, parse_size
from orchestrator.settings import Settings

APPLICATION = "facegrid"

SERVICES = [
    "facegrid.v1.face_service_pb2_grpc.add_FaceServiceServicer_to_server",
    "facegrid.v1.generator_service_pb2_grpc.add_GeneratorServiceServicer_to_server",
    "grpc_health.v1.health_pb2_grpc.add_HealthServicer_to_server",
]
"""The services that the ingress registers; k8s/base/orchestrator/rayservice.yaml has the same list."""
_DEPLOYMENTS = "orchestrator.deployments.face"
_CONTROLLER_TIMEOUT_S = 60.0
_SERVE_WORKERS = 3
"""Serve's own actors: controller, proxy, and HAProxy's manager."""
_SPARE_WORKERS = 2
"""Processes that wait for the first replicas that the load asks for; each takes about 100 MB."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this process's arguments."""
    parser = argparse.ArgumentParser(prog="orchestrator.app.serve_host", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, help="folder for sockets and Ray's files")
    parser.add_argument("--log-dir", type=Path, required=True, help="folder for the logs of Serve and the replicas")
    parser.add_argument("--port", type=int, required=True, help="port of the gRPC ingress")
    parser.add_argument("--http-port", type=int, required=True, help="port of Serve's HTTP ingress")
    parser.add_argument("--orchestrators", type=parse_size, default=Size(1, 1), help="N or N-M replicas of the service")
    parser.add_argument("--servers", default="", help="model servers on Ray, such as pnet=2,embedder=1-3")
    parser.add_argument("--server-cpus", type=float, default=1.0, help="share of cores for each of them")
    parser.add_argument("--server-gpus", type=float, default=0.0, help="share of GPUs for each of them")
    parser.add_argument("--ray-address", default="", help="of a cluster to run on; without it a Ray of one machine")
    parser.add_argument("--model-config", type=Path, help="ModelServerConfig that they serve")
    parser.add_argument("--versions", type=Path, help="file that remembers which versions are stable")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT."""
    args = build_parser().parse_args(argv)
    begin_s = time.monotonic()

    def done(step: str) -> None:
        write_step(args.run_dir, StartStep(step, time.monotonic() - begin_s))

    fleet = ServeFleet(args, Settings.from_environment().embedder_version)
    with ThreadPoolExecutor(1, "import") as pool:
        importing = pool.submit(import_module, _DEPLOYMENTS)  # meanwhile Ray's processes start
        if args.ray_address:
            lean_ray.join_ray(args.ray_address)
        else:
            lean_ray.start_ray(
                args.run_dir,
                workers=_SERVE_WORKERS + fleet.workers,
                # When the load asks for more replicas all cores are busy, and imports would take most of their start.
                ahead=_SERVE_WORKERS + fleet.least + min(fleet.growth, _SPARE_WORKERS) if fleet.growth else 0,
                preload=_DEPLOYMENTS if fleet.growth else "",
                gpus=args.server_gpus > 0,
            )
        done("ray")
        face = importing.result()
    fleet.make_plan()
    _start_serve(args, face.build_application(args.orchestrators, fleet.pools, fleet.server_options()), done)
    if fleet.pools:
        threading.Thread(target=fleet.watch, name="watch", daemon=True).start()
    with _status_server(args.run_dir / STATUS_SOCKET, fleet):
        wait_for_end = _end_signal()
        done("ready")
        wait_for_end()
    _shut_down()
    return 0


def _end_signal() -> Callable[[], None]:
    """Replaces Ray's handlers of SIGTERM and SIGINT, and returns a function that waits for one of these."""
    read_end, write_end = os.pipe()

    def tell(_number: int, _frame: object) -> None:
        os.write(write_end, b"x")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)

    def wait() -> None:
        os.read(read_end, 1)

    return wait


def _start_serve(args: argparse.Namespace, application: Any, done: Callable[[str], None]) -> None:
    """Starts the ingress and the replicas at the same time: each takes some seconds of imports."""
    from ray import serve  # noqa: PLC0415 - takes seconds, spent in the other thread
    from ray.serve.config import HTTPOptions, gRPCOptions  # noqa: PLC0415
    from ray.serve.schema import LoggingConfig  # noqa: PLC0415

    logging_config = LoggingConfig(logs_dir=str(args.log_dir), enable_access_log=False)

    def start_ingress() -> None:
        serve.start(
            http_options=HTTPOptions(host="127.0.0.1", port=args.http_port),
            grpc_options=gRPCOptions(port=args.port, grpc_servicer_functions=SERVICES),
            logging_config=logging_config,
        )
        done("ingress")

    with ThreadPoolExecutor(1, "ingress") as pool:
        ingress = pool.submit(start_ingress)
        # serve.run before there is a controller would start one without our options.
        _wait_for_controller()
        done("controller")
        serve.run(application, name=APPLICATION, route_prefix="/", logging_config=logging_config)
        done("replicas")
        ingress.result()


def _wait_for_controller() -> None:
    import ray  # noqa: PLC0415

    deadline = time.monotonic() + _CONTROLLER_TIMEOUT_S
    while True:
        try:
            ray.get_actor("SERVE_CONTROLLER_ACTOR", namespace="serve")
        except ValueError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _status_server(path: Path, fleet: ServeFleet) -> "_RunningServer":
    class Handler(socketserver.StreamRequestHandler):
        """Answers one question, a JSON object on one line, with one JSON object."""

        def handle(self) -> None:
            question = json.loads(self.rfile.readline() or b"{}")
            answer = fleet.answer(question) if question else _serve_status() | {"servers": fleet.servers()}
            self.wfile.write(json.dumps(answer).encode())

    return _RunningServer(_SocketServer(str(path), Handler))


class _SocketServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _serve_status() -> dict[str, Any]:
    from ray import serve  # noqa: PLC0415

    app = serve.status().applications.get(APPLICATION)
    deployments = {} if app is None else app.deployments
    return {
        "application": "NOT_DEPLOYED" if app is None else app.status,
        "message": "" if app is None else app.message,
        "deployments": {
            name: {"status": one.status, "message": one.message, "replicas": dict(one.replica_states)}
            for name, one in deployments.items()
        },
    }


class _RunningServer:
    """A socket server that answers from a thread while the block runs."""

    def __init__(self, server: socketserver.UnixStreamServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="status", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _shut_down() -> None:
    import ray  # noqa: PLC0415
    from ray import serve  # noqa: PLC0415

    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    sys.exit(main())
