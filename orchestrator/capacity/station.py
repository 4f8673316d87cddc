"""A model server or a processor: does some jobs at a time, first come first served."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.capacity.events import Events


@dataclass(eq=False)
class Job:
    """Some work, and what to call when it is done."""

    seconds: float
    done: Callable[[], None]
    wanted: bool = True
    """Whether its result is still wanted. A job that is not wanted is not begun; one that is under way is completed."""


class Station:
    """A queue before a number of slots.

    Args:
        events: The time.
        slots: Jobs done at a time, 1 or more.
        transport_s: Time beside the job's own until the caller knows that it is done.
    """

    def __init__(self, events: Events, slots: int, transport_s: float = 0.0) -> None:
        self.transport_s = transport_s
        self._events = events
        self._slots = slots
        self._running = 0
        self._waiting: deque[tuple[Job, float]] = deque()
        self.busy_s = 0.0
        """Time of all jobs that were begun."""
        self.waited_s = 0.0
        """Time that they waited before, together."""

    def submit(self, job: Job) -> None:
        """Begins a job, or queues it."""
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
