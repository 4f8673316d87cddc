"""Sends the calls.

A closed loop has a fixed number of callers, and each waits for an answer before its next call: it measures the
service's throughput. When the service stalls, so do the callers, and the calls that would have been made meanwhile are
missing from the times ("coordinated omission"). An open loop sends at times that are set beforehand, like callers that
are independent of each other, and counts from the moment at which a call was due, even if it was sent later.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc

from facegrid.client.channel import CHANNEL_OPTIONS, check_target
from facegrid.client.credentials import Credentials, TlsChoice
from facegrid.client.status import error_of_rpc
from facegrid.load.calls import OK, Calls
from facegrid.load.mix import RequestTemplate
from facegrid.load.schedule import arrivals_s
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """How to load a service."""

    target: str
    """HOST:PORT, or a gRPC URI."""
    templates: Sequence[RequestTemplate]
    """What is sent."""
    duration_s: float
    """Seconds during which calls are sent, the warm-up included."""
    concurrency: int = 1
    """Callers of a closed loop."""
    rps: float | None = None
    """Calls per second of an open loop; None: the loop is closed."""
    arrivals: str = "poisson"
    """Of an open loop; see `arrivals_s`."""
    connections: int = 1
    """Number of connections that calls are spread over."""
    retries: bool = True
    """Whether a call is retried as the client does it; otherwise the first answer counts."""
    seed: int = 0
    api_key: str | None = field(default=None, repr=False)
    tls: TlsChoice = None
    """As `facegrid.connect` takes them."""


Progress = Callable[[float, Calls, int], None]
"""Called now and then with the seconds since the start, the calls so far, and how many are under way."""


_NO_RETRIES = ("grpc.enable_retries", 0)


def _needs_no_retries(option: tuple[str, str | int]) -> bool:
    return option[0] not in {"grpc.enable_retries", "grpc.service_config"}


async def run(plan: LoadPlan, progress: Progress = lambda _at_s, _calls, _open: None) -> Calls:
    """Returns the record of the calls, once the last call is answered or timed out.

    Raises:
        InvalidOption: the target has another form; see also `facegrid.connect`.
    """
    options = CHANNEL_OPTIONS if plan.retries else [*filter(_needs_no_retries, CHANNEL_OPTIONS), _NO_RETRIES]
    target = check_target(plan.target)
    credentials = Credentials(target, plan.api_key, plan.tls)
    channels = [credentials.async_channel(target, options) for _ in range(plan.connections)]
    try:
        load = _LoadGenerator(plan, [credentials.authorized(FaceServiceStub(channel)) for channel in channels])
        reporting = asyncio.create_task(load.report(progress))
        await (load.closed() if plan.rps is None else load.open(plan.rps))
        reporting.cancel()
        return load.calls
    finally:
        for channel in channels:
            await channel.close()


class _LoadGenerator:
    def __init__(self, plan: LoadPlan, stubs: Sequence[Any]) -> None:
        self.calls = Calls([template.name for template in plan.templates])
        self._plan = plan
        self._stubs = stubs
        self._started_s = time.perf_counter()
        self._draw = random.Random(plan.seed)
        self._shares = [template.share for template in plan.templates]
        self._sent = 0

    async def closed(self) -> None:
        """Each caller sends its next call when the last one is answered."""

        async def caller() -> None:
            while (now_s := self._now_s()) < self._plan.duration_s:
                await self._call(now_s)

        await asyncio.gather(*(caller() for _ in range(self._plan.concurrency)))

    async def open(self, rps: float) -> None:
        """Sends every call when it is due."""
        under_way: set[asyncio.Task[None]] = set()
        for due_s in self._due(rps):
            wait_s = due_s - self._now_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            task = asyncio.create_task(self._call(due_s))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def report(self, progress: Progress) -> None:
        """Reports the progress until it is cancelled."""
        while True:
            progress(self._now_s(), self.calls, self._sent - len(self.calls))
            await asyncio.sleep(0.2)

    def _due(self, rps: float) -> Iterator[float]:
        plan = self._plan
        return arrivals_s(plan.arrivals, rps, plan.duration_s, seed=plan.seed)

    async def _call(self, due_s: float) -> None:
        (index,) = self._draw.choices(range(len(self._shares)), self._shares)
        call = self._plan.templates[index].call
        stub = self._stubs[self._sent % len(self._stubs)]
        self._sent += 1
        sent_s = self._now_s()
        try:
            await getattr(stub, call.method)(call.request, timeout=call.wait_s)
            outcome = OK
        except grpc.aio.AioRpcError as err:
            outcome = f"{err.code().name} {error_of_rpc(err, self._plan.target).reason}"
        self.calls.add(index, outcome, due_s, sent_s, self._now_s())

    def _now_s(self) -> float:
        return time.perf_counter() - self._started_s
