"""What do callers notice when a part of a running service dies or freezes?

    python -m benchmarks.reliability.chaos [--models-dir models]

Starts a stack with two model servers and two orchestrators, calls it through our client all the time, and breaks one
part after the other. Prints a table: failed calls, times before and during, the longest time without an answer, and the
time until everything runs again.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common.local_stack import ClientTraffic, LocalStack, local_stack
from benchmarks.common.machine import conditions

_CALLERS = 3
_BEFORE_S = 10.0
_DURING_S = 25.0
_FROZEN_S = 20.0
_WHOLE_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class InjectedFailure:
    """A failure to inject into a stack, and a test that the stack has recovered."""

    name: str
    strike: Callable[[LocalStack], None]
    is_whole: Callable[[LocalStack], bool]


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 1 where a call failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    args = parser.parse_args(argv)
    print(conditions("ray", "grpcio"))
    failed = 0
    with local_stack(args.models_dir, "2", orchestrators="2") as stack:
        print(f"two model servers and two orchestrators, up in {stack.start_s:.0f} s; {_CALLERS} callers\n")
        print("| failure | calls | failed | p50 / p99 before, ms | p50 / p99 after, ms | silence s | whole after s |")
        print("|---" * 7 + "|")
        with ClientTraffic(stack.state.address, _CALLERS) as traffic:
            time.sleep(_BEFORE_S)  # the first calls open connections
            for failure in failures():
                failed += measure(failure, stack, traffic)
    return 1 if failed else 0


def measure(failure: InjectedFailure, stack: LocalStack, traffic: ClientTraffic) -> int:
    """Prints a row; returns the number of failed calls."""
    before_s = time.monotonic()
    errors = traffic.errors.copy()
    time.sleep(_BEFORE_S)
    struck_s = time.monotonic()
    failure.strike(stack)
    while time.monotonic() < struck_s + _DURING_S:
        time.sleep(0.1)
    until_s = time.monotonic()
    while not failure.is_whole(stack) and time.monotonic() < struck_s + _WHOLE_TIMEOUT_S:
        time.sleep(0.2)
    whole_s = time.monotonic() - struck_s
    new = traffic.errors - errors
    calls = len(traffic.times_ms(struck_s, until_s))
    before, after = traffic.times_ms(before_s, struck_s), traffic.times_ms(struck_s, until_s)
    print(
        f"| {failure.name} | {calls} | {new.total()} | {_percentiles(before)} | {_percentiles(after)} "
        f"| {traffic.longest_pause_s(struck_s, until_s):.1f} | {whole_s:.0f} |",
        flush=True,
    )
    for message, count in new.items():
        print(f"    {count} x {message}", file=sys.stderr)
    return new.total()


def failures() -> list[InjectedFailure]:
    """Returns the failures in their order."""
    return [
        InjectedFailure("kill -9 of a model server", _kill_server, _has_servers),
        InjectedFailure("kill -9 of the Ray process that watches a model server", _kill_watcher, _has_servers),
        InjectedFailure(
            "kill -9 of an orchestrator", _kill_orchestrator, lambda stack: stack.running("FaceService") == 2
        ),
        InjectedFailure(
            "kill -9 of Ray Serve's controller", _kill_controller, lambda stack: stack.running("FaceService") == 2
        ),
        InjectedFailure(f"SIGSTOP of a model server for {_FROZEN_S:.0f} s", _freeze_server, _has_servers),
    ]


def _kill_server(stack: LocalStack) -> None:
    os.kill(stack.servers()[0]["pid"], signal.SIGKILL)


def _kill_watcher(stack: LocalStack) -> None:
    os.kill(stack.servers()[0]["replica_pid"], signal.SIGKILL)


def _kill_orchestrator(stack: LocalStack) -> None:
    os.kill(stack.processes("ServeReplica:facegrid:FaceService")[0], signal.SIGKILL)


def _kill_controller(stack: LocalStack) -> None:
    os.kill(stack.processes("ServeController")[0], signal.SIGKILL)


def _freeze_server(stack: LocalStack) -> None:
    pid = stack.servers()[0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(_FROZEN_S, lambda: os.kill(pid, signal.SIGCONT) if Path(f"/proc/{pid}").exists() else None).start()


def _has_servers(stack: LocalStack) -> bool:
    answering = {one["address"] for one in stack.servers() if Path(f"/proc/{one['pid']}").exists()}
    return len(answering) == 2 and stack.running("ModelServer_models") == 2


def _percentiles(times_ms: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    return f"{np.percentile(times_ms, 50):.0f} / {np.percentile(times_ms, 99):.0f}"


if __name__ == "__main__":
    sys.exit(main())
