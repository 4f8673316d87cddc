"""How soon does a service scale up when its load rises, and how much more do more servers do?

    python -m benchmarks.reliability.scaling orchestrators [--models-dir models]  1 to 3 of them under a step, back
    python -m benchmarks.reliability.scaling embedder                             the same of servers of the embedder
    python -m benchmarks.reliability.scaling efficiency                           1 to 16 servers that take a set time

The first two run a real stack. The last one runs stand-in servers (processes that sleep), since two cores cannot keep
sixteen servers busy; the client that balances over them is the real one.
"""

import argparse
import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import facegrid
from benchmarks.common.local_stack import ClientTraffic, LocalStack, local_stack
from benchmarks.common.machine import conditions
from benchmarks.common.scene import jpeg, scene
from benchmarks.common.stand_ins import crops, stand_ins
from facegrid.errors import FacegridError
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints

_IMPORT = re.compile(r"TensorFlow was imported in ([0-9.]+) s")
_MOST = 3
_QUIET_S = 5.0
_TIMEOUT_S = 150.0
_STEP_CALLERS = 16
_SERVERS = (1, 2, 4, 8, 16)
_SERVICE_MS = 50.0
_EFFICIENCY_S = 8.0


@dataclass
class EmbedTraffic(ClientTraffic):
    """Callers that request the vectors of six faces, so that the embedder has the most work."""

    picture: bytes = field(default_factory=lambda: jpeg(scene(640, 480)))

    async def ask(self, client: facegrid.AsyncClient) -> None:
        """Makes one call."""
        await client.embed(self.picture)


def orchestrators(models_dir: Path) -> int:
    """Prints how soon there are three orchestrators; returns the number of failed calls."""
    with local_stack(models_dir, "1", orchestrators=f"1-{_MOST}") as stack:
        return step(stack, ClientTraffic(stack.state.address, _STEP_CALLERS), lambda: stack.running("FaceService"))


def embedder(models_dir: Path) -> int:
    """Prints how soon there are three servers of the embedder; returns the number of failed calls."""
    os.environ["FACEGRID_MAX_IMAGES_AT_ONCE"] = str(_STEP_CALLERS)  # so that the orchestrator is not the bottleneck
    with local_stack(models_dir, f"embedder=1-{_MOST}") as stack:
        return step(
            stack,
            EmbedTraffic(stack.state.address, _STEP_CALLERS),
            lambda: sum(one["models"] == ["embedder"] for one in stack.servers()),
        )


def step(stack: LocalStack, traffic: ClientTraffic, count: Callable[[], int]) -> int:
    """Prints when there were two and three after a step of load, and one after its end; returns failed calls."""
    print(f"stack up in {stack.start_s:.1f} s; {traffic.callers} callers begin at 0 s")
    begin_s = time.monotonic()
    with traffic:
        for wanted in range(2, _MOST + 1):
            until(lambda least=wanted: count() >= least)  # type: ignore[misc]
            print(f"  {time.monotonic() - begin_s:5.1f} s: {wanted}", flush=True)
        for one in stack.servers():
            steps = ", ".join(f"{name} {seconds} s" for name, seconds in one["start_s"].items())
            import_s = _import_s(stack.state_dir / "logs", one["id"])
            print(f"         {one['id']}: {steps}, of that {import_s} s to import TensorFlow")
        time.sleep(_QUIET_S)
        traffic.callers = 1
        quiet_s = time.monotonic()
        until(lambda: count() <= 1)
        print(f"  {time.monotonic() - quiet_s:5.1f} s after the load fell to one caller: 1")
        time.sleep(_QUIET_S)
    calls = len(traffic.answers)
    print(f"  {calls} calls answered, {traffic.errors.total()} failed")
    for message, number in traffic.errors.items():
        print(f"    {number} x {message}")
    return traffic.errors.total()


def _import_s(logs: Path, server: str) -> str:
    found = _IMPORT.findall((logs / f"model_server_{server}.log").read_text(encoding="utf-8", errors="replace"))
    return found[0] if found else "?"


def until(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds.

    Raises:
        TimeoutError: It does not hold in time.
    """
    give_up_s = time.monotonic() + _TIMEOUT_S
    while not condition():
        if time.monotonic() > give_up_s:
            raise TimeoutError(f"not so within {_TIMEOUT_S:g} s")
        time.sleep(0.1)


def efficiency() -> int:
    """Prints calls per second by number of servers; returns 1 where sixteen do less than 90 % of sixteen times one."""
    print(f"each server answers one call at a time in {_SERVICE_MS:g} ms; twice as many callers as servers")
    print("| servers | calls/s | of the ideal |")
    print("|---" * 3 + "|")
    ideal = 1000 / _SERVICE_MS
    reached = 0.0
    for servers in _SERVERS:
        with stand_ins(*[("--threads", "1", "--ms", f"{_SERVICE_MS:g}", "--ms-per-row", "0")] * servers) as addresses:
            per_s = asyncio.run(_calls_per_s(addresses))
        reached = per_s / (ideal * servers)
        print(f"| {servers} | {per_s:.1f} | {reached:.1%} |", flush=True)
    return int(reached < 0.9)


async def _calls_per_s(addresses: list[str]) -> float:
    predictor = BalancedPredictor(StaticEndpoints({"rnet": addresses}))
    await predictor.start()
    done = 0
    failed: list[FacegridError] = []
    end_s = 0.0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end_s:
            try:
                await predictor.predict("rnet", crops(1), deadline=Deadline(30))
            except FacegridError as err:
                failed.append(err)
            done += time.perf_counter() < end_s

    try:
        for _ in range(3 * len(addresses)):
            await predictor.predict("rnet", crops(1), deadline=Deadline(30))
        end_s = time.perf_counter() + _EFFICIENCY_S
        await asyncio.gather(*(caller() for _ in range(2 * len(addresses))))
    finally:
        await predictor.close()
    if failed:
        print(f"  {len(failed)} calls failed: {failed[0].message}")
    return done / _EFFICIENCY_S


def main(argv: list[str] | None = None) -> int:
    """Prints what was asked for; returns 1 where a call failed or the efficiency is too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("orchestrators", "embedder", "efficiency"))
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    args = parser.parse_args(argv)
    print(conditions("ray", "grpcio"))
    match args.what:
        case "orchestrators":
            return int(orchestrators(args.models_dir) > 0)
        case "embedder":
            return int(embedder(args.models_dir) > 0)
        case _:
            return efficiency()


if __name__ == "__main__":
    sys.exit(main())
