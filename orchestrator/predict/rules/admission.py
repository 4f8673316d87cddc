"""Decides which work starts now, which waits, and which is refused at once. Pure: the time is passed in.

Work that waits longer than its caller does is wasted. So it is refused while the caller still has time to ask
elsewhere, not when that time is over. Interactive work goes before bulk work.

How long work takes is measured: the time spent on work, divided by the number of pieces that were done in it. This is
the estimate for times that are cut off (Epstein and Sobel, "Life Testing", 1953): work that was cut off at the end of
its caller's time counts as time without a result. If it counted as done, a machine that gets slower would look fast
again just when nothing is done in time any more, and would keep starting work that it cannot finish. A full house goes
through in the time of one piece of work (Little, "A Proof for the Queuing Formula L = lambda W", 1961).
"""

from collections import deque
from dataclasses import dataclass

from orchestrator.priority import Priority

_WEIGHT = 0.1
"""Weight of the newest time in the estimate of how long work takes."""
_WAIT_WEIGHT = 0.2
"""Weight of the newest wait in the average wait."""
_MARGIN = 2.0
"""Time that must be left, divided by the time that is expected: admitted work shall almost always be in time."""
_LEAST_DONE = 1e-3
"""Least share of work that is done, in the estimate: where nearly none is done, work is still tried."""
_REMEMBERED = 32
"""Pieces of work whose fastest shows what is possible."""
_LEAST_HINT_S, _MOST_HINT_S = 0.2, 5.0


@dataclass(eq=False)
class Ticket:
    """One piece of work, waiting or under way."""

    cost: float
    priority: Priority
    asked_s: float
    """When it was asked for."""
    started_s: float | None = None
    """None: it waits."""


class QueueFull(Exception):
    """There is no room.

    Args:
        retry_after_s: After how many seconds there may be room.
        late: There is room, but the work would not be done in the time that the caller has.
    """

    def __init__(self, retry_after_s: float, *, late: bool = False) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
        self.late = late


class AdmissionQueue:
    """Room for some work at a time, and a queue of bounded length.

    Args:
        capacity: Cost of the work that may be under way together; a piece that costs more runs alone.
        max_waiting: Pieces of work that may wait.
        cost_is_time: Whether work that costs more takes longer. Work is then refused, although there is room, where
            even the fastest piece of late took longer for its cost than there is time.
    """

    def __init__(self, capacity: float, max_waiting: int, *, cost_is_time: bool = False) -> None:
        self.mean_wait_s = 0.0
        """Moving average of the time that work waited before it started."""
        self._capacity = capacity
        self._cost_is_time = cost_is_time
        self._max_waiting = max_waiting
        self._under_way = 0.0
        self._running = 0
        self._waiting: dict[Priority, deque[Ticket]] = {priority: deque() for priority in Priority}
        self._spent_s, self._done = 0.0, 0.0
        """Moving averages: the time that was spent on work, and the share of work that was done."""
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
        """Returns the ticket of new work, started or waiting, and the ticket of the work that it displaces, if any.

        Raises:
            QueueFull: The work can neither start now nor be expected to be done by `give_up_s`.
        """
        self.check(cost, priority, now_s=now_s, give_up_s=give_up_s)
        ticket = Ticket(cost, priority, now_s)
        if self._starts_at_once(cost):
            self._start(ticket, now_s)
            return ticket, None
        gives_way = self._waiting[Priority.BULK].pop() if self.waiting() >= self._max_waiting else None
        self._waiting[priority].append(ticket)
        return ticket, gives_way

    def check(self, cost: float, priority: Priority, *, now_s: float, give_up_s: float) -> None:
        """Returns if `ask` would accept new work.

        Raises:
            QueueFull: It would not.
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
        """Counts work that is over; returns the tickets of the work that starts now.

        Args:
            ticket: Of the work.
            now_s: The time.
            done: Whether the work was completed; False: it was cut off, for its caller has given up.
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
        """Changes the capacity; returns the tickets of the work that starts now."""
        self._capacity = capacity
        return self._start_waiting(now_s)

    def hint_s(self) -> float:
        """Returns after how many seconds it is worth asking again."""
        return min(max(self._wait_s(Priority.BULK), self._takes_s, _LEAST_HINT_S), _MOST_HINT_S)

    def _learn(self, cost: float, seconds: float, *, done: bool) -> None:
        """Takes into account how long work took, or ran before it was cut off."""
        if done:
            self._latest.append((cost, seconds))
        weight = _WEIGHT if self._spent_s else 1.0
        self._spent_s += weight * (seconds - self._spent_s)
        self._done += weight * (done - self._done)

    @property
    def _takes_s(self) -> float:
        return self._spent_s / max(self._done, _LEAST_DONE)

    def _least_s(self, cost: float) -> float:
        """Returns the least time that work takes beside other work; 0 for work alone, so that all work is tried."""
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
                break  # large work must not starve behind small work
        return started

    def _start(self, ticket: Ticket, now_s: float) -> None:
        ticket.started_s = now_s
        self.mean_wait_s += _WAIT_WEIGHT * (now_s - ticket.asked_s - self.mean_wait_s)
        self._under_way += ticket.cost
        self._running += 1

    def _fits(self, cost: float) -> bool:
        return not self._running or self._under_way + cost <= self._capacity * (1 + 1e-9)

    def _wait_s(self, priority: Priority) -> float:
        """Returns how long new work would wait (Little's law: a full house of cost C goes through in `_takes_s`)."""
        ahead = sum(ticket.cost for other, queue in self._waiting.items() if other <= priority for ticket in queue)
        return ahead / self._capacity * self._takes_s
