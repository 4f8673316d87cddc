"""The process that holds Ray and Ray Serve: `python -m orchestrator.app.serve_host`, started by `facegrid up`.

It starts Ray, then Serve, deploys the application, and waits for SIGTERM. Ray's processes are its children and end with
it, however it ends. It writes each step that is done to the steps file in the run folder. On the socket there it
reports the state of Serve (host_files.py) and changes the versions that the fleet serves (serve_fleet.py).
"""

import argparse
import json
import os
import shutil
import signal
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from subprocess import Popen
from typing import Any

from orchestrator.app import lean_ray
from orchestrator.app.health import service_health
from orchestrator.app.host_files import EXIT_TRY_AGAIN, STATUS_SOCKET, StartStep, begin_steps, write_step
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
_WATCH_S = 0.2
_ASK_S = 5.0
_SILENT_S = 40.0
"""Longer than Ray needs to replace the ingress or the only replica on a busy machine."""
_SPARE_WORKERS = 2
"""Processes that wait for the first replicas that the load asks for; each takes about 100 MB."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this process's arguments."""
    parser = argparse.ArgumentParser(prog="orchestrator.app.serve_host", description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True, help="folder for sockets and Ray's files")
    parser.add_argument("--log-dir", type=Path, required=True, help="folder for the logs of Serve and the replicas")
    parser.add_argument("--host", default="127.0.0.1", help="address that the haproxy ingress listens on")
    parser.add_argument("--port", type=int, required=True, help="port of the gRPC ingress")
    parser.add_argument("--http-port", type=int, required=True, help="port of Serve's HTTP ingress")
    parser.add_argument("--orchestrators", type=parse_size, default=Size(1, 1), help="N or N-M replicas of the service")
    parser.add_argument("--servers", default="1", help="model servers on Ray, such as pnet=2,embedder=1-3")
    parser.add_argument("--server-cpus", type=float, default=1.0, help="share of cores for each of them")
    parser.add_argument("--server-gpus", type=float, default=0.0, help="share of GPUs for each of them")
    parser.add_argument("--ray-address", default="", help="of a cluster to run on; without it a Ray of one machine")
    parser.add_argument("--model-config", type=Path, required=True, help="ModelServerConfig that they serve")
    parser.add_argument("--versions", type=Path, help="file that remembers which versions are stable")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT."""
    args = build_parser().parse_args(argv)
    begin_s = time.monotonic()
    begin_steps(args.run_dir)

    def done(step: str) -> None:
        write_step(args.run_dir, StartStep(step, time.monotonic() - begin_s))

    fleet = ServeFleet(args, Settings.from_environment().embedder_version)
    with ThreadPoolExecutor(1, "import") as pool:
        importing = pool.submit(import_module, _DEPLOYMENTS)  # meanwhile Ray's processes start
        if args.ray_address:
            lean_ray.join_ray(args.ray_address)
        else:
            started = _start_ray(
                args.run_dir,
                workers=_SERVE_WORKERS + fleet.workers,
                # When the load asks for more replicas all cores are busy, and imports would take most of their start.
                ahead=_SERVE_WORKERS + fleet.least + min(fleet.growth, _SPARE_WORKERS) if fleet.growth else 0,
                preload=_DEPLOYMENTS if fleet.growth else "",
                gpus=args.server_gpus > 0,
            )
            if not started:
                os._exit(EXIT_TRY_AGAIN)  # Ray's threads would wait for its processes
        done("ray")
        face = importing.result()
    watch = RayWatch([] if args.ray_address else lean_ray.head_processes(), f"127.0.0.1:{args.port}")
    watch.start()
    fleet.make_plan()
    _start_serve(args, face.build_application(args.orchestrators, fleet.pools, fleet.server_options()), done)
    threading.Thread(target=fleet.watch, name="fleet", daemon=True).start()
    with _status_server(args.run_dir / STATUS_SOCKET, fleet):
        wait_for_end = _end_signal()
        done("ready")
        watch.expect_service()
        wait_for_end()
    watch.stop()
    _shut_down()
    return 0


def _start_ray(run_dir: Path, **options: Any) -> bool:
    """Returns whether Ray started; why not is then in the log, in one line."""
    shutil.rmtree(run_dir / "ray", ignore_errors=True)  # of an earlier start
    try:
        lean_ray.start_ray(run_dir, **options)
    except Exception as err:  # noqa: BLE001 - Ray raises Exception itself where its processes are late
        reason = " ".join(str(err).split())
        sys.stderr.write(f"Ray did not start: {reason} It is started again.\n")
        return False
    return True


class RayWatch:
    """Ends this process where Ray or the service is gone for good, so that supervisord starts it again.

    Ray replaces its workers, and Serve its replicas and its ingress. Nothing replaces Ray's head processes: without
    the GCS a driver waits for a minute and is then killed.

    Args:
        processes: Of Ray's head.
        address: Where the ingress answers.
    """

    def __init__(self, processes: list[Popen[bytes]], address: str) -> None:
        self._processes = processes
        self._address = address
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begins to watch Ray's head."""
        threading.Thread(target=self._watch_processes, name="watch-ray", daemon=True).start()

    def expect_service(self) -> None:
        """Begins to ask the service."""
        threading.Thread(target=self._watch_service, name="watch-service", daemon=True).start()

    def stop(self) -> None:
        """Ends both: what goes away from now on is meant to."""
        self._stopped.set()

    def _watch_processes(self) -> None:
        while not self._stopped.wait(_WATCH_S):
            for process in self._processes:
                if process.poll() is not None and not self._stopped.is_set():
                    self._end(f"a process of Ray's head ended with code {process.returncode}")

    def _watch_service(self) -> None:
        answered_s = time.monotonic()
        while not self._stopped.wait(_ASK_S):
            if service_health(self._address, timeout_s=_ASK_S) is not None:
                answered_s = time.monotonic()
            elif time.monotonic() - answered_s > _SILENT_S and not self._stopped.is_set():
                self._end(f"the service has not answered for {_SILENT_S:g} s")

    def _end(self, reason: str) -> None:
        sys.stderr.write(f"{reason}; starting again\n")
        sys.stderr.flush()
        os._exit(EXIT_TRY_AGAIN)  # an orderly end would wait for what is gone


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
            http_options=HTTPOptions(host=args.host, port=args.http_port),
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
