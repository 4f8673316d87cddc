"""Does the simulation of `facegrid plan` predict the times of a real run within 15 %?

    python -m benchmarks.reliability.plan

Stand-ins (processes that sleep) for rnet and onet get pictures at a fixed rate, each a call of rnet and then one of
onet, through the client that production uses. Two times are measured before and after each rate, since a busy machine
changes: of single calls, and of calls that follow each other without a pause on one server. The difference is the time
of the transport. From these times alone the simulation predicts the median and the 99th percentile.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.machine import conditions
from benchmarks.common.stand_ins import stand_ins
from facegrid.load.schedule import arrivals_s
from orchestrator.capacity.simulate import simulate
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import (
    NetworkCalls,
    NetworkProfile,
    OfferedLoad,
    RequestKind,
    ServiceProfile,
    ServiceTimes,
)
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.settings import Settings

_SIDES = {"rnet": 24, "onet": 48}
_MS = {"rnet": 60, "onet": 40}
_SERVERS = {"rnet": 3, "onet": 2}
_BUSY = (0.4, 0.6, 0.75)
"""Target utilisation of the servers of rnet."""
_ALONE = 30
_SATURATED_S, _WAITING = 3.0, 3
_ALLOWED = 0.15
# So many at once that pictures never wait for admission: here only calls are made.
_SETTINGS = Settings(max_images_at_once=1024, max_images_queued=65_536)


async def _picture(predictor: BalancedPredictor) -> None:
    for network in _SIDES:
        await predictor.predict(network, {"crops": _crop(network)}, deadline=Deadline(30))


def _crop(network: str) -> NDArray[np.uint16]:
    return np.zeros((1, _SIDES[network], _SIDES[network], 3), np.uint16)


async def _alone_s(predictor: BalancedPredictor, network: str) -> list[float]:
    """Returns the times of calls that have the servers to themselves."""
    times = []
    for _ in range(_ALONE):
        began_s = time.perf_counter()
        await predictor.predict(network, {"crops": _crop(network)}, deadline=Deadline(30))
        times.append(time.perf_counter() - began_s)
    return times[_ALONE // 4 :]


async def _slot_s(address: str, network: str) -> float:
    """Returns the time that a server needs for a call while the next one is always waiting."""
    predictor = BalancedPredictor(StaticEndpoints({network: [address]}))
    await predictor.start()
    end_s = time.perf_counter() + _SATURATED_S
    answered: list[float] = []

    async def ask() -> None:
        while time.perf_counter() < end_s:
            await predictor.predict(network, {"crops": _crop(network)}, deadline=Deadline(30))
            answered.append(time.perf_counter())

    try:
        await asyncio.gather(*(ask() for _ in range(_WAITING)))
    finally:
        await predictor.close()
    return (answered[-1] - answered[0]) / (len(answered) - 1)


async def _measured_s(predictor: BalancedPredictor, rps: float, seconds: float) -> list[float]:
    """Returns the times of pictures, from when they were due, ascending; the first tenth does not count."""
    start_s = time.perf_counter()

    async def one(due_s: float) -> float:
        await _picture(predictor)
        return time.perf_counter() - start_s - due_s

    tasks = []
    for due_s in arrivals_s("poisson", rps, seconds, seed=1):
        await asyncio.sleep(max(start_s + due_s - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(due_s)))
    took_s = await asyncio.gather(*tasks)
    return sorted(took_s[len(took_s) // 10 :])


def _mean(times: Sequence[float]) -> float:
    return sum(times) / len(times)


def _profile(alone_s: dict[str, list[float]], slot_s: dict[str, float]) -> ServiceProfile:
    networks = {name: NetworkProfile(transport_s=max(_mean(alone_s[name]) - slot_s[name], 0.0)) for name in _SIDES}
    steps = tuple(
        NetworkCalls(name, 1, ServiceTimes(_mean(times), samples_s=tuple(times))) for name, times in alone_s.items()
    )
    return ServiceProfile({"any": RequestKind("any", 1, ServiceTimes(0.0), steps)}, networks)


async def compare(addresses: Sequence[str], seconds: float) -> bool:
    """Prints measured and simulated times; returns whether all are within the limit."""
    of = {"rnet": addresses[: _SERVERS["rnet"]], "onet": addresses[_SERVERS["rnet"] :]}
    predictor = BalancedPredictor(StaticEndpoints(of))
    await predictor.start()
    near = True
    try:
        print("| alone, ms | slot, ms | pictures/s | p50 measured | simulated | off | p99 measured | simulated | off |")
        print("|---" * 9 + "|")
        for busy in _BUSY:
            before_s = {network: await _alone_s(predictor, network) for network in _SIDES}
            slots_s = [{network: await _slot_s(of[network][0], network) for network in _SIDES}]
            rps = busy * _SERVERS["rnet"] / slots_s[0]["rnet"]
            measured = await _measured_s(predictor, rps, seconds)
            after_s = {network: await _alone_s(predictor, network) for network in _SIDES}
            slots_s.append({network: await _slot_s(of[network][0], network) for network in _SIDES})
            profile = _profile(
                {network: before_s[network] + after_s[network] for network in _SIDES},
                {network: _mean([one[network] for one in slots_s]) for network in _SIDES},
            )
            answers = simulate(
                OfferedLoad(profile, rps, {"any": 1.0}),
                ReplicaCounts(1, _SERVERS),
                pictures=20_000,
                seed=1,
                settings=_SETTINGS,
            )
            cells = []
            for share in (0.5, 0.99):
                real_s, virtual_s = measured[int(share * len(measured))], answers.quantile_s(share)
                off = virtual_s / real_s - 1
                near &= abs(off) <= _ALLOWED
                cells += [f"{real_s * 1e3:.0f} ms", f"{virtual_s * 1e3:.0f} ms", f"{off:+.0%}"]
            alone = ", ".join(f"{_mean(before_s[name]) * 1e3:.0f}-{_mean(after_s[name]) * 1e3:.0f}" for name in _SIDES)
            slots = ", ".join("-".join(f"{one[name] * 1e3:.0f}" for one in slots_s) for name in _SIDES)
            print(f"| {alone} | {slots} | {rps:.1f} | {' | '.join(cells)} |", flush=True)
    finally:
        await predictor.close()
    return near


def main(argv: list[str] | None = None) -> int:
    """Prints the comparison; returns 1 if the simulation is further off than the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each rate (default: %(default)s)")
    args = parser.parse_args(argv)
    print(conditions("grpcio"))
    flags = [
        ("--threads", "1", "--ms", str(_MS[name]), "--ms-per-row", "0")
        for name in _SIDES
        for _ in range(_SERVERS[name])
    ]
    with stand_ins(*flags) as addresses:
        near = asyncio.run(compare(addresses, args.seconds))
    print(conditions("grpcio"))
    return int(not near)


if __name__ == "__main__":
    sys.exit(main())
