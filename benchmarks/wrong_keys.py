"""Calls a service with wrong API keys, so many a second; started and told where by `benchmarks.keys`.

    python -m benchmarks.wrong_keys --rate 1000 --known-id 3f9a61c2

Reads lines from standard input: HOST:PORT begins a flood, an empty line ends it, and each ends what was
before it. Each is answered with the calls that were refused since the line before.
"""

import argparse
import asyncio
import secrets
import sys
import time
from typing import Any

import grpc

_METHOD = "/facegrid.v1.FaceService/Detect"
_REQUEST = bytes(64 * 1024)
"""As large as a small photo; the service should not even receive it."""
_STEP_S = 0.01


def main(argv: list[str] | None = None) -> int:
    """Runs until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rate", type=int, default=1000, help="calls per second (default: %(default)s)")
    parser.add_argument("--known-id", required=True, help="id of a key that exists, for every second call")
    args = parser.parse_args(argv)
    asyncio.run(_follow(args.rate, args.known_id))
    return 0


async def _follow(rate: int, known_id: str) -> None:
    flood = _Flood(rate, known_id)
    running: asyncio.Task[None] | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        sys.stdout.write(f"{flood.refused}\n")
        sys.stdout.flush()
        flood.refused = 0
        running = asyncio.create_task(flood.run(line.strip())) if line.strip() else None


class _Flood:
    def __init__(self, rate: int, known_id: str) -> None:
        self._per_step = rate * _STEP_S
        self._ids = ("00000000", known_id)
        self.refused = 0

    async def run(self, target: str) -> None:
        """Calls until it is cancelled; what cannot be sent in time is not made up for."""
        async with grpc.aio.insecure_channel(target, [("grpc.enable_retries", 0)]) as channel:
            call: Any = channel.unary_unary(_METHOD)
            under_way: set[asyncio.Task[None]] = set()
            due, next_s = 0.0, time.monotonic()
            while True:
                due += self._per_step
                for number in range(int(due)):
                    task = asyncio.create_task(self._call(call, self._ids[number % 2]))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                due -= int(due)
                next_s = max(next_s + _STEP_S, time.monotonic())
                await asyncio.sleep(next_s - time.monotonic())

    async def _call(self, call: Any, key_id: str) -> None:
        metadata = (("authorization", f"Bearer fg_{key_id}_{secrets.token_hex(32)}"),)
        try:
            await call(_REQUEST, metadata=metadata, timeout=10)
        except grpc.aio.AioRpcError as err:
            self.refused += err.code() is grpc.StatusCode.UNAUTHENTICATED


if __name__ == "__main__":
    sys.exit(main())
