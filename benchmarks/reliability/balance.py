"""Which way of balancing calls over model servers is best when one of them is slow?

    python -m benchmarks.reliability.balance

Three stand-ins (processes that sleep), one of them four times as slow as the others, get batches of 1 to 64 rows: from
callers that each wait for an answer before the next call, and at a fixed rate. Our balancer, which compares two servers
or all of them for each call, is measured in turn with gRPC's own round_robin.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import grpc
import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.stand_ins import crops, stand_ins
from facegrid.tfserving.v1 import predict_pb2
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.predict.servers.messages import decode, encode
from orchestrator.predict.servers.options import BalanceOptions

_ROWS = (1, 4, 16, 64)
_TIMEOUT_S = 30.0
_FAST = ("--threads=2", "--ms=10", "--ms-per-row=1")
_SLOW = ("--threads=2", "--ms=40", "--ms-per-row=4")

RowsCall = Callable[[int], Awaitable[object]]


class RoundRobin:
    """One channel to all servers, balanced by gRPC."""

    def __init__(self, addresses: list[str]) -> None:
        self._target = "ipv4:" + ",".join(addresses)
        self._channel: grpc.aio.Channel | None = None
        self._predict: Any = None

    async def start(self) -> None:
        """Opens the channel."""
        config = '{"loadBalancingConfig": [{"round_robin": {}}]}'
        options = [("grpc.service_config", config), ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.aio.insecure_channel(self._target, options=options)
        self._predict = self._channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict",
            request_serializer=predict_pb2.PredictRequest.SerializeToString,
            response_deserializer=predict_pb2.PredictResponse.FromString,
        )

    async def close(self) -> None:
        """Closes the channel."""
        if self._channel:
            await self._channel.close()

    async def predict(self, model: str, inputs: Any, *, deadline: Deadline) -> object:
        """Returns the answer, as `Predictor.predict`."""
        request = await encode(model, inputs, "serving_default", None)
        response = await self._predict(request, timeout=deadline.remaining_s())
        (rows,) = {len(array) for array in inputs.values()}
        return await decode(response, model, "serving_default", None, rows=rows)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.balance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--rate", type=float, default=40.0, help="calls per second of the second part")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each way in each round")
    parser.add_argument("--rounds", type=int, default=4)
    return parser


async def closed_loop(call: RowsCall, callers: int, seconds: float, seed: int) -> tuple[list[float], float]:
    """Returns the times of calls by callers that wait for each answer, and the answers per second."""
    taken: list[float] = []
    began_s = time.perf_counter()

    async def ask(random: Random) -> None:
        while time.perf_counter() - began_s < seconds:
            sent_s = time.perf_counter()
            await call(random.choice(_ROWS))
            taken.append(time.perf_counter() - sent_s)

    await asyncio.gather(*(ask(Random(seed * 1000 + index)) for index in range(callers)))
    return taken, len(taken) / (time.perf_counter() - began_s)


async def open_loop(call: RowsCall, rate: float, seconds: float, seed: int) -> tuple[list[float], float]:
    """Returns the times of calls that come at random, from when they were due, and the answers per second."""
    random = Random(seed)
    taken: list[float] = []
    began_s = time.perf_counter()

    async def ask(due_s: float, rows: int) -> None:
        await call(rows)
        taken.append(time.perf_counter() - due_s)

    due_s = began_s
    async with asyncio.TaskGroup() as group:
        while (due_s := due_s + random.expovariate(rate)) < began_s + seconds:
            await asyncio.sleep(max(0, due_s - time.perf_counter()))
            group.create_task(ask(due_s, random.choice(_ROWS)))
    return taken, len(taken) / (time.perf_counter() - began_s)


async def measure(args: argparse.Namespace, addresses: list[str]) -> None:
    """Prints a table for each kind of load."""
    source = StaticEndpoints({"rnet": addresses})
    ways: dict[str, Any] = {
        "gRPC's round_robin": RoundRobin(addresses),
        "ours, two compared": BalancedPredictor(source, BalanceOptions(compared=2)),
        "ours, all compared": BalancedPredictor(source, BalanceOptions()),
    }
    for way in ways.values():
        await way.start()
    loops: dict[str, Callable[[RowsCall, int], Awaitable[tuple[list[float], float]]]] = {
        f"{args.callers} callers": lambda call, seed: closed_loop(call, args.callers, args.seconds, seed),
        f"{args.rate:g} calls/s": lambda call, seed: open_loop(call, args.rate, args.seconds, seed),
    }
    for load, loop in loops.items():
        times: dict[str, list[float]] = {name: [] for name in ways}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for each in range(args.rounds + 1):  # the first round warms up
            for name, way in ways.items():

                async def call(rows: int, way: Any = way) -> object:
                    return await way.predict("rnet", crops(rows), deadline=Deadline(_TIMEOUT_S))

                taken, rate = await loop(call, each)
                if each:
                    times[name] += taken
                    rates[name].append(rate)
        print(f"\n{load:20}   p50 ms   p99 ms   answers/s")
        for name, taken in times.items():
            p50, p99 = np.percentile(taken, [50, 99]) * 1e3
            print(f"{name:20} {p50:8.1f} {p99:8.1f} {np.median(rates[name]):11.1f}")
    for way in ways.values():
        await way.close()


def main(argv: list[str] | None = None) -> int:
    """Prints the conditions and the tables."""
    args = build_parser().parse_args(argv)
    print(conditions("grpcio"))
    print(f"two servers {' '.join(_FAST)}, one {' '.join(_SLOW)}; batches of {', '.join(map(str, _ROWS))} rows")
    with stand_ins(_FAST, _FAST, _SLOW) as addresses:
        asyncio.run(measure(args, addresses))
    return 0


if __name__ == "__main__":
    sys.exit(main())
