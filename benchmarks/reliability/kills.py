"""How long is the default stack away when one of its processes is killed?

    python -m benchmarks.reliability.kills [--models-dir models]      # five minutes

Starts `facegrid up` as it is by default, kills one process after the other with SIGKILL, and asks the service ten times
a second without repeats. Prints a table: the time from the kill to the last call that failed.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil

from benchmarks.common.local_stack import PICTURE, LocalStack, local_stack
from benchmarks.common.machine import conditions
from facegrid.v1.detect_pb2 import DetectRequest
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.app.processes import members
from orchestrator.app.supervision.folder import SUPERVISOR

_CALM_S = 8.0
"""Without a failed call: the service is back."""
_SETTLED_S = 20.0
"""Before a kill: supervisord restarts at once what has run for that long."""
_TIMEOUT_S = 90.0
_CALL_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Victim:
    """What is killed."""

    name: str
    find: Callable[[LocalStack], list[psutil.Process]]
    limit_s: float
    """Within which the service has to be back."""


def titled(title: str) -> Callable[[LocalStack], list[psutil.Process]]:
    """Returns the search for the processes of a stack whose command line has these words."""
    return lambda stack: [one for one in stack_processes(stack) if title in command_of(one)]


def stack_processes(stack: LocalStack) -> list[psutil.Process]:
    """Returns every process of a stack, supervisord first."""
    return [process for record in stack.parts.records() for process in members(record)]


def command_of(process: psutil.Process) -> str:
    """Returns a command line, or title; empty for a process that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def all_but_supervisord(stack: LocalStack) -> list[psutil.Process]:
    """Returns every process of a stack but that."""
    supervisor = stack.parts.read_record(SUPERVISOR)
    return [one for one in stack_processes(stack) if supervisor is None or one.pid != supervisor.pid]


VICTIMS = [
    Victim("model server", titled("-m model_server"), 15),
    Victim("Ray process that watches the model server", titled("ModelServer_models"), 15),
    Victim("orchestrator", titled("ServeReplica:facegrid:FaceService"), 15),
    Victim("HAProxy (ingress)", titled("haproxy -"), 5),
    Victim("Ray process that watches HAProxy", titled("HAProxyManager"), 5),
    Victim("Ray Serve's controller", titled("ServeController"), 15),
    Victim("Ray's GCS", titled("gcs_server"), 15),
    Victim("Ray's raylet", titled("raylet/raylet"), 15),
    Victim("serve host", titled("-m orchestrator.app.serve_host"), 15),
    Victim("watcher of the serve host", titled("-m orchestrator.app.supervision.part"), 15),
    Victim("keeper", titled("-m orchestrator.app.supervision.keeper"), 15),
    Victim("supervisord", titled("-m supervisor.supervisord"), 15),
    Victim("all but supervisord", all_but_supervisord, 15),
]


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 1 where the service was away for too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    args = parser.parse_args(argv)
    print(conditions("ray", "grpcio", "supervisor"))
    late = 0
    with local_stack(args.models_dir) as stack:
        print(f"the default stack, up in {stack.start_s:.1f} s\n")
        print("| killed | processes | service again after, s | allowed, s | failed calls by status |")
        print("|---" * 5 + "|")
        for victim in VICTIMS:
            time.sleep(_SETTLED_S)
            late += measure(victim, stack)
    return 1 if late else 0


def measure(victim: Victim, stack: LocalStack) -> bool:
    """Prints a row; returns whether the service was away for too long."""
    processes = victim.find(stack)
    struck_s = time.monotonic()
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    failed: dict[str, int] = {}
    last_s = 0.0
    while (since_s := time.monotonic() - struck_s) - last_s < _CALM_S and since_s < _TIMEOUT_S:
        if code := failure_of_a_call(stack.state.address):
            failed[code] = failed.get(code, 0) + 1
            last_s = time.monotonic() - struck_s
        time.sleep(0.1)
    by_code = ", ".join(f"{count} {code}" for code, count in failed.items()) or "none"
    print(f"| {victim.name} | {len(processes)} | {last_s:.1f} | {victim.limit_s:.0f} | {by_code} |", flush=True)
    return not processes or last_s > victim.limit_s


def failure_of_a_call(address: str) -> str:
    """Returns the code that one call of Detect failed with; empty where it found the face."""
    with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        request = DetectRequest(image=PICTURE.read_bytes(), timeout_ms=int(_CALL_TIMEOUT_S * 1000))
        try:
            answer = FaceServiceStub(channel).Detect(request, timeout=_CALL_TIMEOUT_S)
        except grpc.RpcError as err:
            return str(err.code().name)
    return "" if len(answer.faces) == 1 else f"{len(answer.faces)} faces"


if __name__ == "__main__":
    sys.exit(main())
