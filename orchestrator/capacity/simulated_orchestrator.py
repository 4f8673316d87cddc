"""One orchestrator in virtual time: pictures wait for a turn, take a core between calls, and call the networks."""

from collections.abc import Callable
from functools import partial

from orchestrator.capacity.simulated_client import SimulatedClient
from orchestrator.capacity.simulated_limiter import SimulatedLimiter
from orchestrator.capacity.station import Job, Station
from orchestrator.capacity.workload import RequestKind
from orchestrator.predict.batches import CALLS_AT_ONCE
from orchestrator.predict.rules.admission import AdmissionQueue, Ticket
from orchestrator.settings import Settings


class SimulatedOrchestrator:
    """Accepts pictures as `orchestrator.api.pictures.Pictures` does.

    Args:
        client: Its way to the model servers.
        processor: Its cores.
        settings: Limits of the pictures that are worked on and wait.
    """

    def __init__(self, client: SimulatedClient, processor: Station, settings: Settings) -> None:
        self.client = client
        self.processor = processor
        self.events = client.events
        self.limiter = SimulatedLimiter(
            client.events, AdmissionQueue(1.0, settings.max_images_queued, cost_is_time=True)
        )
        self.waited_s = 0.0
        """Time that pictures waited for their turn, together."""
        self._settings = settings

    def ask(self, kind: RequestKind, give_up_s: float, done: Callable[[bool], None]) -> None:
        """Accepts a picture; `done` is called once: with whether there is an answer in time."""
        cost = max(kind.px / self._settings.max_px_at_once, 1 / self._settings.max_images_at_once)
        SimulatedPicture(self, kind, give_up_s, done).ask(cost)


class SimulatedPicture:
    """One picture on its way: an equal share of its processor time before each network, then the calls of that.

    Args:
        orchestrator: That works on it.
        kind: Its size, and what it needs.
        give_up_s: The deadline.
        done: Called when it is over.
    """

    def __init__(
        self, orchestrator: SimulatedOrchestrator, kind: RequestKind, give_up_s: float, done: Callable[[bool], None]
    ) -> None:
        self._orchestrator = orchestrator
        self._kind = kind
        self._give_up_s = give_up_s
        self._done = done
        self._asked_s = orchestrator.events.now_s
        self._ticket: Ticket | None = None
        self._over = False
        self._step = 0
        self._to_send = self._open = 0
        self._share_s = 0.0

    def ask(self, cost: float) -> None:
        """Waits for the picture's turn, and begins then."""
        self._ticket = self._orchestrator.limiter.acquire(cost, self._start, give_up_s=self._give_up_s)
        if self._ticket is None:
            self._done(False)
        else:
            self._orchestrator.events.at(self._give_up_s, partial(self._finish, answered=False))

    def _start(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._orchestrator.waited_s += self._orchestrator.events.now_s - self._asked_s
        random = self._orchestrator.client.random
        self._share_s = self._kind.processor.draw(random) / max(len(self._kind.steps), 1)
        self._compute()

    def _compute(self) -> None:
        if self._over:
            return
        if self._share_s:
            self._orchestrator.processor.submit(Job(self._share_s, self._send))
        else:
            self._send()

    def _send(self) -> None:
        if self._over:
            return
        if not self._kind.steps:
            self._finish(answered=True)
            return
        step = self._kind.steps[self._step]
        self._to_send, self._open = step.draw_calls(self._orchestrator.client.random), 0
        if not self._to_send:
            self._next()
            return
        for _ in range(min(self._to_send, CALLS_AT_ONCE)):
            self._call()

    def _call(self) -> None:
        if self._over:
            return
        step = self._kind.steps[self._step]
        self._to_send -= 1
        self._open += 1
        answered = partial(self._answered, self._step)
        self._orchestrator.client.call(step.network, step.times, self._give_up_s, answered)

    def _answered(self, step: int, answered: bool) -> None:
        if self._over or step != self._step:
            return
        self._open -= 1
        if not answered:
            self._finish(answered=False)
        elif self._to_send:
            self._call()
        elif not self._open:
            self._next()

    def _next(self) -> None:
        self._step += 1
        if self._step < len(self._kind.steps):
            self._compute()
        else:
            self._finish(answered=True)

    def _finish(self, *, answered: bool) -> None:
        if self._over:
            return
        self._over = True
        if self._ticket is not None:
            self._orchestrator.limiter.release(self._ticket, done=answered)
        self._done(answered)
