"""Limits work in virtual time: the twin of `orchestrator.predict.limiter.Limiter`, on the same `AdmissionQueue`."""

from collections.abc import Callable, Iterable

from orchestrator.capacity.events import Events
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.priority import Priority


class SimulatedLimiter:
    """Bounds the work that is under way and the work that waits.

    Args:
        events: The time.
        queue: Decides what starts, waits, and is refused.
    """

    def __init__(self, events: Events, queue: AdmissionQueue) -> None:
        self._events = events
        self._queue = queue
        self._waiting: dict[Ticket, Callable[[Ticket], None]] = {}

    @property
    def mean_wait_s(self) -> float:
        """Average time that the last pieces of work, ten or so, waited."""
        return self._queue.mean_wait_s

    def in_flight(self) -> int:
        """Returns how many pieces of work wait or are under way."""
        return self._queue.running + self._queue.waiting()

    def acquire(self, cost: float, start: Callable[[Ticket], None], *, give_up_s: float) -> Ticket | None:
        """Returns the ticket of some work, to be released when it is over; None where it is refused.

        Args:
            cost: Of the work.
            start: Called with the ticket when the work may start: before this returns, or later.
            give_up_s: When its caller gives up.
        """
        try:
            # All simulated work is interactive, so none gives way to other work.
            ticket, _ = self._queue.ask(cost, Priority.INTERACTIVE, now_s=self._events.now_s, give_up_s=give_up_s)
        except QueueFull:
            return None
        if ticket.started_s is None:
            self._waiting[ticket] = start
        else:
            start(ticket)
        return ticket

    def release(self, ticket: Ticket, *, done: bool) -> None:
        """Counts work that is over, or that waits no longer; starts what has room now."""
        self._waiting.pop(ticket, None)
        self._start(self._queue.finish(ticket, self._events.now_s, done=done))

    def resize(self, capacity: float) -> None:
        """Changes the capacity of the queue."""
        self._start(self._queue.resize(capacity, self._events.now_s))

    def _start(self, tickets: Iterable[Ticket]) -> None:
        for ticket in tickets:
            self._waiting.pop(ticket)(ticket)
