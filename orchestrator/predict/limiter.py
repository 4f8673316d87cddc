"""Limits work on the event loop: each piece waits until an `AdmissionQueue` lets it start."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from facegrid.errors import DeadlineExceeded, Overloaded
from orchestrator.deadline import Deadline
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.priority import PRIORITY


class Limiter:
    """Bounds the work that is under way and the work that waits.

    `orchestrator.capacity.simulated_limiter` is its twin in virtual time; both only do what the queue says.

    Args:
        queue: Decides what starts, waits, and is refused.
        what: The name of the queue in error texts: "the queue for model pnet".
    """

    def __init__(self, queue: AdmissionQueue, what: str) -> None:
        self._queue = queue
        self._what = what
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}

    @property
    def mean_wait_s(self) -> float:
        """Average time that the last pieces of work, ten or so, waited."""
        return self._queue.mean_wait_s

    @asynccontextmanager
    async def acquire(self, cost: float, *, deadline: Deadline) -> AsyncIterator[None]:
        """Waits until some work may start, which lasts as long as the block; PRIORITY says what goes first.

        Args:
            cost: Of the work.
            deadline: When its caller gives up.

        Raises:
            DeadlineExceeded: No time is left.
            Overloaded: The work cannot be done in time: raised at once, or when other work takes its place.
        """
        deadline.remaining_s()
        now_s = time.monotonic()
        try:
            ticket, gives_way = self._queue.ask(cost, PRIORITY.get(), now_s=now_s, give_up_s=deadline.end_s)
        except QueueFull as full:
            raise self._overloaded(full.retry_after_s, late=full.late) from None
        if gives_way is not None:
            self._waiting.pop(gives_way).set_exception(self._overloaded(self._queue.hint_s()))
        done = True
        try:
            if ticket.started_s is None:
                await self._wait(ticket)
            yield
        except (asyncio.CancelledError, DeadlineExceeded):
            done = False
            raise
        finally:
            self._wake(self._queue.finish(ticket, time.monotonic(), done=done))

    def check(self, cost: float, *, deadline: Deadline) -> None:
        """Returns if `acquire` would wait or start the work now.

        Raises:
            DeadlineExceeded: No time is left.
            Overloaded: It would refuse.
        """
        deadline.remaining_s()
        try:
            self._queue.check(cost, PRIORITY.get(), now_s=time.monotonic(), give_up_s=deadline.end_s)
        except QueueFull as full:
            raise self._overloaded(full.retry_after_s, late=full.late) from None

    def resize(self, capacity: float) -> None:
        """Changes the capacity of the queue."""
        self._wake(self._queue.resize(capacity, time.monotonic()))

    async def _wait(self, ticket: Ticket) -> None:
        self._waiting[ticket] = asyncio.get_running_loop().create_future()
        try:
            await self._waiting[ticket]
        finally:
            self._waiting.pop(ticket, None)

    def _wake(self, tickets: Iterable[Ticket]) -> None:
        for ticket in tickets:
            waiting = self._waiting.pop(ticket, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _overloaded(self, retry_after_s: float, *, late: bool = False) -> Overloaded:
        # Spread, or callers that were refused together would come back together.
        hint_s = retry_after_s * random.uniform(0.5, 1.5)
        why = "takes longer than the time given" if late else "is full"
        return Overloaded(f"{self._what} {why}; try again in {hint_s:.2f} s", retry_after_s=hint_s)
