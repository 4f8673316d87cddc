"""Something that does a number of jobs at a time, first come first served: a model server, a processor."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.capacity.events import Events


@dataclass(eq=False)
class Job:
    """Some work, and what follows it."""

    seconds: float
    done: Callable[[], None]
    wanted: bool = True
    """Whether somebody still waits for it; one that is not is not begun, but one that is under way is finished."""


class Station:
    """A queue and so many slots.

    Args:
        events: The time.
        slots: Jobs done at a time, 1 or more.
        transport_s: Time beside the job's own until its end is known to whoever waits.
    """

    def __init__(self, events: Events, slots: int, transport_s: float = 0.0) -> None:
        self.transport_s = transport_s
        self._events = events
        self._slots = slots
        self._running = 0
        self._waiting: deque[tuple[Job, float]] = deque()
        self.busy_s = 0.0
        """Time of all jobs begun so far."""
        self.waited_s = 0.0
        """Time that they waited before, together."""

    def submit(self, job: Job) -> None:
        """Begins a job, or lets it wait."""
        self._waiting.append((job, self._events.now_s))
        self._begin()

    def _begin(self) -> None:
        while self._waiting and self._running < self._slots:
            job, since_s = self._waiting.popleft()
            if not job.wanted:
                continue
            self._running += 1
            self.busy_s += job.seconds
            self.waited_s += self._events.now_s - since_s
            self._events.after(job.seconds, lambda job=job: self._end(job))  # type: ignore[misc]

    def _end(self, job: Job) -> None:
        self._running -= 1
        if job.wanted:
            job.done()
        self._begin()
