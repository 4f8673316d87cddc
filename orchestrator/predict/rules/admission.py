"""What may start now, what waits, and what is turned away at once. Pure: the time is passed in.

Work that waits for longer than its caller does is done for nobody; so it is refused while there is
time to ask elsewhere, not when its time is over. What is interactive goes before what is bulk.

How long work takes is measured: the time spent on work, over the number of pieces that were done in it (the estimate
for times that are cut off: Epstein and Sobel, "Life Testing", 1953). Work that was cut off at the end of its caller's
time counts as time without a result. If it counted as done, a machine that gets slower would seem quick again just when
nothing is done in time any more, and would go on beginning what it cannot end. A full house goes through in the time of
one piece of work (Little, "A Proof for the Queuing Formula L = lambda W", 1961).
"""

from collections import deque
from dataclasses import dataclass

from orchestrator.priority import Priority

_WEIGHT = 0.1
"""Of the newest in the estimate of how long work takes."""
_MARGIN = 2.0
"""Time that must be left, over the time that is foreseen: what is admitted shall be in time almost always."""
_LEAST_DONE = 1e-3
"""Share of work that is done, in the estimate; where nearly none is, this is how it begins anew."""
_REMEMBERED = 32
"""Pieces of work among which the fastest says what is possible."""
_LEAST_HINT_S, _MOST_HINT_S = 0.2, 5.0


@dataclass(eq=False)
class Ticket:
    """One piece of work, waiting or under way."""

    cost: float
    priority: Priority
    give_up_s: float
    """When nobody waits for it any more."""
    started_s: float | None = None


class QueueFull(Exception):
    """There is no room.

    Args:
        retry_after_s: When there may be some.
        late: There may be some, but not within the time that the caller has.
    """

    def __init__(self, retry_after_s: float, *, late: bool = False) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
        self.late = late


class AdmissionQueue:
    """Room for some work at a time, and a queue of bounded length.

    Args:
        capacity: Cost of what may be under way together; what costs more goes alone.
        max_waiting: Pieces of work that wait.
        cost_is_time: Whether what costs more takes longer. Work is then refused, although there is room, where even the
            fastest of late took longer for its cost than there is time.
    """

    def __init__(self, capacity: float, max_waiting: int, *, cost_is_time: bool = False) -> None:
        self._capacity = capacity
        self._cost_is_time = cost_is_time
        self._max_waiting = max_waiting
        self._under_way = 0.0
        self._running = 0
        self._waiting: dict[Priority, deque[Ticket]] = {priority: deque() for priority in Priority}
        self._spent_s, self._done = 0.0, 0.0
        """Moving averages: the time that was spent on work, and the share of it that was done."""
        self._latest: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        """Costs and seconds of work that was done."""

    @property
    def running(self) -> int:
        """Pieces of work under way."""
        return self._running

    def waiting(self) -> int:
        """Returns how many pieces of work wait."""
        return sum(map(len, self._waiting.values()))

    def ask(self, cost: float, priority: Priority, *, now_s: float, give_up_s: float) -> tuple[Ticket, Ticket | None]:
        """Returns the ticket of new work, started or waiting, and that of the work that gives way for it, if any.

        Raises:
            Full: It can neither start now nor be expected to be done by `give_up_s`.
        """
        self.check(cost, priority, now_s=now_s, give_up_s=give_up_s)
        ticket = Ticket(cost, priority, give_up_s)
        if self._starts_at_once(cost):
            self._start(ticket, now_s)
            return ticket, None
        gives_way = self._waiting[Priority.BULK].pop() if self.waiting() >= self._max_waiting else None
        self._waiting[priority].append(ticket)
        return ticket, gives_way

    def check(self, cost: float, priority: Priority, *, now_s: float, give_up_s: float) -> None:
        """Returns if `ask` would take new work.

        Raises:
            Full: It would not.
        """
        if self._starts_at_once(cost):
            if now_s + self._least_s(cost) > give_up_s:
                raise QueueFull(self.hint_s(), late=True)
            return
        if now_s + _MARGIN * (self._wait_s(priority) + self._takes_s) > give_up_s:
            raise QueueFull(self.hint_s(), late=True)
        replaces = priority is Priority.INTERACTIVE and self._waiting[Priority.BULK]
        if self.waiting() >= self._max_waiting and not replaces:
            raise QueueFull(self.hint_s())

    def finish(self, ticket: Ticket, now_s: float, *, done: bool = True) -> list[Ticket]:
        """Counts work that is over; returns the tickets of what starts now.

        Args:
            ticket: Of the work.
            now_s: The time.
            done: Whether it came to its end; else it was cut off, since nobody wants it any more.
        """
        if ticket.started_s is None:
            if ticket in self._waiting[ticket.priority]:
                self._waiting[ticket.priority].remove(ticket)
        else:
            self._running -= 1
            self._under_way = self._under_way - ticket.cost if self._running else 0.0
            self._learn(ticket.cost, now_s - ticket.started_s, done=done)
        return self._start_waiting(now_s)

    def resize(self, capacity: float, now_s: float) -> list[Ticket]:
        """Changes the capacity; returns the tickets of what starts now."""
        self._capacity = capacity
        return self._start_waiting(now_s)

    def hint_s(self) -> float:
        """Returns after how long it is worth asking again."""
        return min(max(self._wait_s(Priority.BULK), self._takes_s, _LEAST_HINT_S), _MOST_HINT_S)

    def _learn(self, cost: float, seconds: float, *, done: bool) -> None:
        """Takes notice of how long work took, or was gone on with."""
        if done:
            self._latest.append((cost, seconds))
        weight = _WEIGHT if self._spent_s else 1.0
        self._spent_s += weight * (seconds - self._spent_s)
        self._done += weight * (done - self._done)

    @property
    def _takes_s(self) -> float:
        return self._spent_s / max(self._done, _LEAST_DONE)

    def _least_s(self, cost: float) -> float:
        """Returns the least time that work takes beside other work; alone it may be any, so that much is tried."""
        if not (self._cost_is_time and self._running):
            return 0.0
        return min((seconds * min(cost / of, 1.0) for of, seconds in self._latest), default=0.0)

    def _starts_at_once(self, cost: float) -> bool:
        return not self.waiting() and self._fits(cost)

    def _start_waiting(self, now_s: float) -> list[Ticket]:
        started = []
        for queue in self._waiting.values():  # interactive first
            while queue and self._fits(queue[0].cost):
                ticket = queue.popleft()
                self._start(ticket, now_s)
                started.append(ticket)
            if queue:
                break  # what is large must not wait for ever behind what is small
        return started

    def _start(self, ticket: Ticket, now_s: float) -> None:
        ticket.started_s = now_s
        self._under_way += ticket.cost
        self._running += 1

    def _fits(self, cost: float) -> bool:
        return not self._running or self._under_way + cost <= self._capacity * (1 + 1e-9)

    def _wait_s(self, priority: Priority) -> float:
        """Returns how long new work would wait (Little's law: a full house of cost C goes through in `_takes_s`)."""
        ahead = sum(ticket.cost for other, queue in self._waiting.items() if other <= priority for ticket in queue)
        return ahead / self._capacity * self._takes_s
