"""What does the service do at four times its peak load?

    python -m benchmarks.reliability.overload --seconds 60
    python -m benchmarks.reliability.overload --seconds 60 --busy 3     # with a quarter of a core for the orchestrator

The plain host with its default settings calls stand-in servers (processes that sleep), so that the servers are the
bottleneck, not the cores, which this benchmark uses as well. First, callers that wait for each answer find the peak.
Then calls come at random at four times that rate, each with the same deadline, and are not retried. Then they come at
half the peak, which shows how long the service takes to recover.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import grpc
import numpy as np
import psutil
from PIL import Image

from benchmarks.common.machine import conditions
from benchmarks.common.paths import ROOT
from benchmarks.common.ports import free_port, wait_until_listening
from benchmarks.common.stand_ins import stand_ins
from facegrid.client.channel import TIMEOUT_GRACE_S
from facegrid.client.wire.images import encode_image
from facegrid.v1 import detect_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub

_SERVERS = (("--threads=2", "--ms=100"),) * 2
_CALLERS = 16
_REFUSED = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}
"""By the service, or by gRPC if the service does not reach the call in time."""


@dataclass(frozen=True)
class DetectCall:
    """A call and its outcome."""

    due_s: float
    took_s: float
    code: grpc.StatusCode


class DetectLoad:
    """Calls of Detect as our client makes them, but without retries."""

    def __init__(self, stub: FaceServiceStub, image: bytes, timeout_s: float) -> None:
        self._stub = stub
        self._timeout_s = timeout_s
        self._request = detect_pb2.DetectRequest(image=image, timeout_ms=round(timeout_s * 1000))
        self.calls: list[DetectCall] = []

    async def call(self, due_s: float) -> None:
        """Makes one call."""
        code = grpc.StatusCode.OK
        try:
            await self._stub.Detect(self._request, timeout=self._timeout_s + TIMEOUT_GRACE_S)
        except grpc.aio.AioRpcError as err:
            code = err.code()
        self.calls.append(DetectCall(due_s, time.perf_counter() - due_s, code))

    async def callers(self, count: int, seconds: float) -> None:
        """Makes the next call of each caller as soon as the last one is answered."""
        end_s = time.perf_counter() + seconds

        async def repeat() -> None:
            while time.perf_counter() < end_s:
                await self.call(time.perf_counter())

        await asyncio.gather(*(repeat() for _ in range(count)))

    async def at_rate(self, rate: float, seconds: float) -> None:
        """Makes calls at random times, whether or not earlier ones are answered."""
        random = Random(0)
        due_s = time.perf_counter()
        end_s = due_s + seconds
        async with asyncio.TaskGroup() as group:
            while (due_s := due_s + random.expovariate(rate)) < end_s:
                await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
                group.create_task(self.call(due_s))

    def take(self) -> list[DetectCall]:
        """Returns the calls since the last time."""
        calls, self.calls = self.calls, []
        return calls


@contextmanager
def orchestrator(model_servers: list[str], busy: int = 0) -> Iterator[tuple[str, psutil.Process]]:
    """Runs the plain host, on one core with that many busy processes if there are any; gives address and process."""
    port = free_port()
    env = os.environ | {"FACEGRID_MODEL_SERVERS": "|".join(model_servers)}
    command = [sys.executable, "-m", "orchestrator", "--address", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    others = []
    try:
        wait_until_listening(port)
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        for one in [process, *others] if busy else []:
            for thread in psutil.Process(one.pid).threads():
                os.sched_setaffinity(thread.id, {0})
        yield f"127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        for one in others:
            one.kill()
        process.terminate()
        for one in [process, *others]:
            one.wait()


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.overload",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of the overload")
    parser.add_argument("--factor", type=float, default=4.0, help="of the peak")
    parser.add_argument("--timeout-s", type=float, default=2.0, help="deadline of each call")
    parser.add_argument(
        "--busy", type=int, default=0, help="processes that the orchestrator shares one core with (Linux)"
    )
    return parser


def percentiles(calls: list[DetectCall]) -> str:
    """Returns the times of some calls as text."""
    if not calls:
        return "none"
    p50, p99, most = np.percentile([call.took_s * 1e3 for call in calls], [50, 99, 100])
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {most:.0f} ms"


async def resident_mb(process: psutil.Process, every_s: float, into: list[float]) -> None:
    """Notes the memory of a process until it is cancelled."""
    while True:
        into.append(process.memory_info().rss / 2**20)
        await asyncio.sleep(every_s)


def report(name: str, calls: list[DetectCall], seconds: float, timeout_s: float) -> float:
    """Prints the outcome of some calls; returns how many per second were answered in time."""
    good = [call for call in calls if call.code is grpc.StatusCode.OK]
    in_time = sum(call.took_s <= timeout_s for call in good) / seconds
    refused = [call for call in calls if call.code in _REFUSED]
    others = [call.code.name for call in calls if call not in good and call not in refused]
    print(
        f"{name}: {len(calls) / seconds:.1f} calls/s, {len(good) / seconds:.1f} answered/s, {in_time:.1f} in time "
        f"({percentiles(good)})"
    )
    if refused:
        print(f"  refused {len(refused) / seconds:.1f}/s ({percentiles(refused)})")
    if others:
        print(f"  other codes: { {code: others.count(code) for code in set(others)} }")
    return in_time


async def measure(args: argparse.Namespace, target: str, process: psutil.Process) -> None:
    """Prints the outcome of each phase."""
    image = encode_image(np.asarray(Image.effect_noise((160, 120), 50).convert("RGB")))
    async with grpc.aio.insecure_channel(target) as channel:
        load = DetectLoad(FaceServiceStub(channel), image, args.timeout_s)
        await load.callers(_CALLERS, 3)  # warms up
        load.take()
        await load.callers(_CALLERS, 10)
        peak = report(f"{_CALLERS} callers", load.take(), 10, args.timeout_s)
        await load.at_rate(peak / 2, 10)
        normal = load.take()
        report("half the peak", normal, 10, args.timeout_s)

        memory: list[float] = []
        watch = asyncio.create_task(resident_mb(process, args.seconds / 60, memory))
        await load.at_rate(args.factor * peak, args.seconds)
        watch.cancel()
        goodput = report(f"{args.factor:g} x the peak", load.take(), args.seconds, args.timeout_s)
        print(f"  answered in time / peak: {goodput / peak:.3f}")
        first, last = np.median(memory[10:20]), np.median(memory[-10:])
        print(
            f"  resident memory: {first:.0f} MB in the second sixth, {last:.0f} MB at the end, max {max(memory):.0f} MB"
        )

        again_s = time.perf_counter()
        await load.at_rate(peak / 2, 10)
        after = load.take()
        report("half the peak again", after, 10, args.timeout_s)
        slow_s = 1.5 * np.percentile([call.took_s for call in normal], 99)
        bad = [call.due_s - again_s for call in after if call.took_s > slow_s or call.code is not grpc.StatusCode.OK]
        print(
            f"  the last call that was refused, or slower than 1.5 x normal p99, came {max(bad, default=0):.1f} s after"
        )


def main(argv: list[str] | None = None) -> int:
    """Prints the conditions and the outcome."""
    args = build_parser().parse_args(argv)
    print(conditions("grpcio"))
    print(f"two servers {' '.join(_SERVERS[0])}; deadline {args.timeout_s:g} s; {args.busy} busy processes")
    with stand_ins(*_SERVERS) as servers, orchestrator(servers, args.busy) as (target, process):
        asyncio.run(measure(args, target, process))
    return 0


if __name__ == "__main__":
    sys.exit(main())
