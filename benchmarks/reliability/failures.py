"""What do callers notice when a model server dies, freezes, or is cut off?

    python -m benchmarks.reliability.failures --models-dir models
    python -m benchmarks.reliability.failures            # stand-in servers, which sleep

Callers call two servers through the balancing client without a pause: first undisturbed, then while one server is
killed (SIGKILL), frozen (SIGSTOP), or cut off by a pulled cable, if this machine allows network namespaces. A call
fails if it has no answer within 10 seconds.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.paths import ROOT
from benchmarks.common.ports import free_port, wait_until_listening
from benchmarks.common.stand_ins import crops, stand_in
from benchmarks.reliability.helpers.network_namespace import NAMESPACE_ADDRESS, in_namespace, inside, namespaces_allowed
from facegrid.errors import FacegridError
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints

_TIMEOUT_S = 10.0
_ROWS = 16


@dataclass
class CallerOutcomes:
    """Times of the answered calls, and the failures."""

    took_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Returns the columns of a row of the table."""
        p50, p99, most = np.percentile(self.took_s, [50, 99, 100]) * 1e3 if self.took_s else (0, 0, 0)
        return f"{len(self.took_s):6d} {len(self.failures):7d} {p50:8.1f} {p99:8.1f} {most:8.1f}"


@contextmanager
def server(args: argparse.Namespace, namespace: str | None = None) -> Iterator[tuple[str, int]]:
    """Runs a model server, in a network namespace if one is named; gives its address and its process id."""
    within = inside(namespace) if namespace else []
    address = NAMESPACE_ADDRESS if namespace else "127.0.0.1"
    if not args.models_dir:
        with stand_in("--threads=4", "--ms=20", host=address, within=within) as (target, process):
            yield target, process.pid
        return
    port = free_port()
    command = ["-m", "model_server", f"--port={port}", "--model_name=rnet"]
    command.append(f"--model_base_path={args.models_dir.resolve() / 'rnet'}")
    process = subprocess.Popen(
        [*within, sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_listening(port, address)
        yield f"{address}:{port}", process.pid
    finally:
        process.kill()
        process.wait()


async def traffic(
    predictor: BalancedPredictor, callers: int, seconds: float, after_s: float, do: Callable[[], None]
) -> CallerOutcomes:
    """Returns the outcomes of callers over some time, in which `do` is called after `after_s`."""
    seen = CallerOutcomes()
    end_s = time.monotonic() + seconds

    async def ask() -> None:
        while (began_s := time.monotonic()) < end_s:
            try:
                await predictor.predict("rnet", crops(_ROWS), deadline=Deadline(_TIMEOUT_S))
            except FacegridError as err:
                seen.failures.append(err.reason)
            else:
                seen.took_s.append(time.monotonic() - began_s)

    async def disturb() -> None:
        await asyncio.sleep(after_s)
        do()

    await asyncio.gather(disturb(), *(ask() for _ in range(callers)))
    return seen


async def measure(
    args: argparse.Namespace, addresses: list[str], break_: Callable[[], None]
) -> tuple[CallerOutcomes, CallerOutcomes]:
    """Returns the outcomes before and while one of the servers is broken."""
    predictor = BalancedPredictor(StaticEndpoints({"rnet": addresses}))
    await predictor.start()
    try:
        await traffic(predictor, args.callers, 3, 0, lambda: None)  # warms up
        normal = await traffic(predictor, args.callers, args.seconds, 0, lambda: None)
        broken = await traffic(predictor, args.callers, args.seconds, 0.5, break_)
    finally:
        await predictor.close()
    return normal, broken


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.failures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, help="what `facegrid export` wrote; absent: stand-ins")
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each part")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the conditions and a line for each failure."""
    args = build_parser().parse_args(argv)
    print(conditions("grpcio"))
    print(f"two {'model servers' if args.models_dir else 'stand-ins of 20 ms'}, {args.callers} callers, {_ROWS} rows")
    print(f"{'':22}  calls  failed   p50 ms   p99 ms   max ms   p99 / normal p99")
    for name in ("kill -9", "frozen", "cut off"):
        if name == "cut off" and not namespaces_allowed():
            print(f"{name:22}  skipped: no right to make network namespaces")
            continue
        with ExitStack() as stack:
            healthy, _ = stack.enter_context(server(args))
            cut = stack.enter_context(in_namespace()) if name == "cut off" else None
            address, pid = stack.enter_context(server(args, cut.name if cut else None))
            ways: dict[str, Callable[[], None]] = {
                "kill -9": lambda pid=pid: os.kill(pid, signal.SIGKILL),  # type: ignore[misc]
                "frozen": lambda pid=pid: os.kill(pid, signal.SIGSTOP),  # type: ignore[misc]
            }
            normal, broken = asyncio.run(measure(args, [healthy, address], cut.cut if cut else ways[name]))
        ratio = np.percentile(broken.took_s, 99) / np.percentile(normal.took_s, 99)
        print(f"{name + ': before':22} {normal.line()}\n{name + ': during':22} {broken.line()} {ratio:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
