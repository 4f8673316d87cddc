"""The client of the model servers in virtual time: the twin of `BalancedPredictor`.

The limits, the choice of a server, retries and hedging are the service's own code (orchestrator/predict/rules). Here
events stand for what gRPC and the clock do in the service.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random

from exporters.signatures import SERVING_DEFAULT
from orchestrator.capacity.events import Events
from orchestrator.capacity.simulated_limiter import SimulatedLimiter
from orchestrator.capacity.station import Job, Station
from orchestrator.capacity.workload import ServiceTimes
from orchestrator.predict.rules.admission import AdmissionQueue, Ticket
from orchestrator.predict.rules.attempts import Action, AttemptPolicy, Attempts, Cancel, Ejected, Fail, Send
from orchestrator.predict.rules.balancer import Balancer, CallSpec, ServerEntry
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.rules.latency import LatencyBook
from orchestrator.predict.rules.retry import RetryBudget
from orchestrator.predict.servers.endpoints import Endpoints
from orchestrator.predict.servers.options import BalanceOptions

_TICK_S = 0.1
"""Pause before ejected servers are looked at again, as in `ServerRegistry`."""

Done = Callable[[bool], None]
"""Called once: with whether there is an answer."""


class SimulatedClient:
    """One orchestrator's way to the model servers.

    Args:
        events: The time.
        stations: The servers by address; others add to it.
        options: Bounds and times.
        random: Where random numbers come from.
    """

    def __init__(
        self, events: Events, stations: Mapping[str, Station], options: BalanceOptions, random: Random
    ) -> None:
        self.events = events
        self.stations = stations
        self.random = random
        self.balancer = Balancer(random, max_calls=options.max_calls, compared=options.compared)
        self.latencies = LatencyBook()
        self.policy = AttemptPolicy(self.balancer, RetryBudget(), random, options.hedged_percent)
        self._max_calls_queued = options.max_calls_queued
        self._limiters: dict[str, SimulatedLimiter] = {}
        self._watching = False

    def update(self, endpoints: Endpoints) -> None:
        """Takes over which servers there are."""
        self.balancer.update(endpoints)
        self._resize()

    def in_flight(self, network: str) -> int:
        """Returns the calls of a network that wait or are under way."""
        limiter = self._limiters.get(network)
        return limiter.in_flight() if limiter else 0

    def queue_s(self, network: str) -> float:
        """Returns the seconds that the last calls of a network waited before they were sent, on average."""
        limiter = self._limiters.get(network)
        return limiter.mean_wait_s if limiter else 0.0

    def call(self, network: str, times: ServiceTimes, give_up_s: float, done: Done) -> None:
        """Sends a call; `done` is called when it is answered or refused, or at `give_up_s`."""
        limiter = self._limiters.get(network)
        if limiter is None:
            queue = AdmissionQueue(self.balancer.capacity(network), self._max_calls_queued)
            limiter = self._limiters[network] = SimulatedLimiter(self.events, queue)
        SimulatedCall(self, limiter, network, times, give_up_s=give_up_s, done=done).ask()

    def ejected(self) -> None:
        """Looks at ejected servers again, until none is left."""
        self._resize()
        if not self._watching:
            self._watching = True
            self.events.after(_TICK_S, self._watch)

    def _watch(self) -> None:
        now_s = self.events.now_s
        due = self.balancer.due(now_s)
        for server in due:
            server.health.probed(answered=True, now_s=now_s)  # a status costs a server no time
        if due:
            self._resize()
        self._watching = any(server.health.until_s > now_s for server in self.balancer.all_servers())
        if self._watching:
            self.events.after(_TICK_S, self._watch)

    def _resize(self) -> None:
        for network, limiter in self._limiters.items():
            limiter.resize(self.balancer.capacity(network))


class SimulatedCall:
    """One call: carries out what `orchestrator.predict.rules.attempts` decides, on simulated servers.

    Args:
        client: Has the servers.
        limiter: Of calls of this network.
        network: What is called.
        times: Of such calls.
        give_up_s: The deadline.
        done: Called when the call is over.
    """

    def __init__(
        self,
        client: SimulatedClient,
        limiter: SimulatedLimiter,
        network: str,
        times: ServiceTimes,
        *,
        give_up_s: float,
        done: Done,
    ) -> None:
        self._client = client
        self._limiter = limiter
        self._network = network
        self._times = times
        self._give_up_s = give_up_s
        self._done = done
        self._ticket: Ticket | None = None
        self._attempts: Attempts | None = None
        self._wake_s = 0.0
        self._jobs: dict[str, tuple[ServerEntry, Job]] = {}
        """Under way, by the server's address."""
        self._over = False

    def ask(self) -> None:
        """Waits for a turn, and sends the call then."""
        self._ticket = self._limiter.acquire(1, self._start, give_up_s=self._give_up_s)
        if self._ticket is None:
            self._done(False)
        elif not self._over:
            self._client.events.at(self._give_up_s, self._give_up)

    def _start(self, ticket: Ticket) -> None:
        self._ticket = ticket
        # The time that such calls take stands for their bytes, and for their rows.
        spec = CallSpec(self._network, None, work=self._times.mean_s)
        latencies = self._client.latencies.of(self._network, SERVING_DEFAULT, max(round(self._times.mean_s * 1e3), 1))
        now_s = self._client.events.now_s
        self._attempts = Attempts(self._client.policy, spec, latencies, now_s=now_s, end_s=self._give_up_s)
        self._carry_out(self._attempts, self._attempts.begin(now_s))

    def _carry_out(self, attempts: Attempts, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(server):
                    self._send(server)
                case Cancel(server):
                    self._jobs.pop(server.address)[1].wanted = False
                case Ejected():
                    self._client.ejected()
                case Fail():
                    self._end(answered=False)
        if not self._over and self._wake_s != attempts.wake_s < self._give_up_s:
            self._wake_s = attempts.wake_s
            self._client.events.at(self._wake_s, partial(self._wake, attempts))

    def _wake(self, attempts: Attempts) -> None:
        if not self._over and attempts.wake_s <= self._client.events.now_s:
            self._carry_out(attempts, attempts.wake(self._client.events.now_s))

    def _send(self, server: ServerEntry) -> None:
        station = self._client.stations[server.address]
        seconds = max(self._times.draw(self._client.random) - station.transport_s, 0.0)
        answered = partial(self._answered, server)
        job = Job(seconds, partial(self._client.events.after, station.transport_s, answered))
        self._jobs[server.address] = server, job
        station.submit(job)

    def _answered(self, server: ServerEntry) -> None:
        if self._attempts is None or self._jobs.pop(server.address, None) is None:
            return  # given up while the answer was on its way
        self._carry_out(self._attempts, self._attempts.answered(server, self._client.events.now_s))
        self._end(answered=True)

    def _give_up(self) -> None:
        if self._over:
            return
        if self._attempts is None:
            self._end(answered=False)  # it still waits for its turn
            return
        # As gRPC does, which ends every attempt at the deadline.
        for server, job in list(self._jobs.values()):
            job.wanted = False
            actions = self._attempts.failed(server, AttemptOutcome.UNKNOWN, self._client.events.now_s)
            self._carry_out(self._attempts, actions)
        self._jobs.clear()

    def _end(self, *, answered: bool) -> None:
        self._over = True
        if self._ticket is not None:
            self._limiter.release(self._ticket, done=answered)
        self._done(answered)
