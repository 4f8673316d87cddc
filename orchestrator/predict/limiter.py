"""Waits for a turn that `AdmissionQueue` gives, on the event loop."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from facegrid.errors import DeadlineExceeded, Overloaded
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.priority import PRIORITY

_NEWEST = 0.2
"""Weight of the newest turn in the average time of waiting."""


class Limiter:
    """Limiter at something of which there is only so much.

    Args:
        admission: Its rules.
        what: What is full when nothing more is taken, for the message: "the queue for model pnet".
    """

    def __init__(self, admission: AdmissionQueue, what: str) -> None:
        self._admission = admission
        self._what = what
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self.waited_s = 0.0
        """Time that the last turns, ten or so, were waited for, on average."""

    @asynccontextmanager
    async def take(self, cost: float, *, timeout_s: float) -> AsyncIterator[None]:
        """Waits for the turn of some work, which lasts as long as the block; PRIORITY says who goes first.

        Args:
            cost: Of the work.
            timeout_s: After which nobody waits for the work any more.

        Raises:
            Overloaded: At once, or when somebody else goes first: the work cannot be done in time.
        """
        now_s = time.monotonic()
        try:
            ticket, gives_way = self._admission.ask(cost, PRIORITY.get(), now_s=now_s, give_up_s=now_s + timeout_s)
        except QueueFull as full:
            raise self._overloaded(full.retry_after_s, late=full.late) from None
        if gives_way is not None:
            self._waiting.pop(gives_way).set_exception(self._overloaded(self._admission.hint_s()))
        done = True
        try:
            if ticket.started_s is None:
                await self._wait(ticket)
            self.waited_s += _NEWEST * (time.monotonic() - now_s - self.waited_s)
            yield
        except (asyncio.CancelledError, DeadlineExceeded):
            done = False
            raise
        finally:
            self._wake(self._admission.finish(ticket, time.monotonic(), done=done))

    def check(self, cost: float, *, timeout_s: float) -> None:
        """Returns if `take` would wait or begin now.

        Raises:
            Overloaded: It would refuse.
        """
        now_s = time.monotonic()
        try:
            self._admission.check(cost, PRIORITY.get(), now_s=now_s, give_up_s=now_s + timeout_s)
        except QueueFull as full:
            raise self._overloaded(full.retry_after_s, late=full.late) from None

    def resize(self, capacity: float) -> None:
        """Changes how much there is."""
        self._wake(self._admission.resize(capacity, time.monotonic()))

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
        # Spread, or those that were refused together would come back together.
        hint_s = retry_after_s * random.uniform(0.5, 1.5)
        why = "takes longer than the time given" if late else "is full"
        return Overloaded(f"{self._what} {why}; try again in {hint_s:.2f} s", retry_after_s=hint_s)
