"""One orchestrator in virtual time: pictures wait for a turn, take a core between calls, and call the networks."""

from collections.abc import Callable
from functools import partial

from orchestrator.capacity.simulated_client import SimulatedClient
from orchestrator.capacity.station import Job, Station
from orchestrator.capacity.workload import RequestKind
from orchestrator.predict.batches import CALLS_AT_ONCE
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.priority import Priority
from orchestrator.settings import Settings


class SimulatedOrchestrator:
    """Takes pictures by the rules of `orchestrator.api.pictures.Pictures`.

    Args:
        client: Its way to the model servers.
        processor: Its cores.
        settings: Limits of what is worked on and waits.
    """

    def __init__(self, client: SimulatedClient, processor: Station, settings: Settings) -> None:
        self.client = client
        self.processor = processor
        self.pictures = 0
        """Waiting or worked on."""
        self.waited_s = 0.0
        """Time that pictures waited for their turn, together."""
        self._events = client.events
        self._settings = settings
        self._turns = AdmissionQueue(1.0, settings.max_images_queued, cost_is_time=True)
        self._starts: dict[Ticket, Callable[[], None]] = {}

    def ask(self, kind: RequestKind, give_up_s: float, done: Callable[[bool], None]) -> None:
        """Takes a picture; `done` is told once whether there is an answer in time."""
        cost = max(kind.px / self._settings.max_px_at_once, 1 / self._settings.max_images_at_once)
        now_s = self._events.now_s
        try:
            ticket, _ = self._turns.ask(cost, Priority.INTERACTIVE, now_s=now_s, give_up_s=give_up_s)
        except QueueFull:
            done(False)
            return
        self.pictures += 1

        def finished(answered: bool) -> None:
            self.pictures -= 1
            self._starts.pop(ticket, None)
            for started in self._turns.finish(ticket, self._events.now_s, done=answered):
                self._starts.pop(started)()
            done(answered)

        picture = SimulatedPicture(self, kind, give_up_s, finished)

        def start() -> None:
            self.waited_s += self._events.now_s - now_s
            picture.start()

        if ticket.started_s is None:
            self._starts[ticket] = start
        else:
            picture.start()
        self._events.at(give_up_s, picture.give_up)


class SimulatedPicture:
    """One picture on its way: a share of the processor's time before each network, then its calls."""

    def __init__(
        self, orchestrator: SimulatedOrchestrator, kind: RequestKind, give_up_s: float, done: Callable[[bool], None]
    ) -> None:
        self._orchestrator = orchestrator
        self._kind = kind
        self._give_up_s = give_up_s
        self._done = done
        self._over = False
        self._step = 0
        self._to_send = self._open = 0
        self._share_s = 0.0

    def start(self) -> None:
        """Begins, when it is the picture's turn."""
        random = self._orchestrator.client.random
        self._share_s = self._kind.processor.draw(random) / max(len(self._kind.steps), 1)
        self._compute()

    def give_up(self) -> None:
        """Ends it, for nobody waits any more."""
        self._finish(answered=False)

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
        if not self._over:
            self._over = True
            self._done(answered)
