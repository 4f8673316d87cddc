"""Callers of model servers that ask without a pause, and what became of their calls."""

import asyncio
import time
from contextlib import asynccontextmanager

from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.predict.servers.options import BalanceOptions


class Traffic:
    """Calls of some callers; each asks again when it is answered."""

    def __init__(self, call) -> None:
        self._call = call
        self._ask = True
        self.took_s: list[float] = []
        self.failures: list[Exception] = []

    @asynccontextmanager
    async def by(self, callers):
        """Asks for the time of the block; waits for the last answers."""
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(self._repeat())
            try:
                yield
            finally:
                self._ask = False

    async def _repeat(self):
        while self._ask:
            began_s = time.monotonic()
            try:
                await self._call()
            except Exception as err:  # noqa: BLE001 - whatever it is, it is a failed call
                self.failures.append(err)
            else:
                self.took_s.append(time.monotonic() - began_s)


class MovingEndpoints:
    """Servers of rnet that a test moves."""

    def __init__(self, *addresses) -> None:
        self.addresses = set(addresses)

    async def endpoints(self):
        return {"rnet": frozenset(self.addresses)}


@asynccontextmanager
async def balanced(source, **options):
    """A predictor for the time of the block; `source` may be addresses of every model."""
    if not hasattr(source, "endpoints"):
        source = StaticEndpoints(dict.fromkeys(("pnet", "rnet", "onet", "embedder"), tuple(source)))
    predictor = BalancedPredictor(source, BalanceOptions(**{"endpoint_refresh_s": 0.1, **options}))
    await predictor.start()
    try:
        yield predictor
    finally:
        await predictor.close()
