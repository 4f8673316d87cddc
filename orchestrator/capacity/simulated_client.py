"""The client of the model servers in virtual time: turns, choice of a server, a second server where one is late.

The rules are those of `BalancedPredictor`, by its own objects; only who waits for what is told by events here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random

from exporters.signatures import SERVING_DEFAULT
from orchestrator.capacity.events import Events
from orchestrator.capacity.station import Job, Station
from orchestrator.capacity.workload import ServiceTimes
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.predict.rules.balancer import Balancer, CallSpec, Server
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.rules.hedge import late_s, patience_s
from orchestrator.predict.rules.latency import LatencyBook
from orchestrator.predict.rules.retry import RetryBudget
from orchestrator.predict.servers.endpoints import Endpoints
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.priority import Priority

_NEWEST = 0.2
"""Weight of the newest turn in the average time of waiting, as in `Turns`."""
_TICK_S = 0.1
"""Pause before ejected servers are looked at again, as in `Fleet`."""

Done = Callable[[bool], None]
"""Is told once whether there is an answer."""


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
        self.options = options
        self.balancer = Balancer(random, max_calls=options.max_calls, compared=options.compared)
        self.latencies = LatencyBook()
        self.budget = RetryBudget()
        self.queue_s: dict[str, float] = {}
        """Time that the last calls of each network waited for a turn, on average."""
        self._turns: dict[str, AdmissionQueue] = {}
        self._starts: dict[Ticket, Callable[[], None]] = {}
        self._watching = False

    def update(self, endpoints: Endpoints) -> None:
        """Takes over who serves what."""
        self.balancer.update(endpoints)
        self.resize()

    def resize(self) -> None:
        """Takes as many calls as the servers in use do."""
        for network, turns in self._turns.items():
            self._start(turns.resize(self.balancer.capacity(network), self.events.now_s))

    def in_flight(self, network: str) -> int:
        """Returns the calls of a network that wait or are under way."""
        turns = self._turns.get(network)
        return turns.running + turns.waiting() if turns else 0

    def call(self, network: str, times: ServiceTimes, give_up_s: float, done: Done) -> None:
        """Sends a call; `done` is told when it is answered, refused, or nobody waits for it any more."""
        turns = self._turns.get(network)
        if turns is None:
            turns = self._turns[network] = AdmissionQueue(
                self.balancer.capacity(network), self.options.max_calls_queued
            )
        asked_s = self.events.now_s
        try:
            ticket, _ = turns.ask(1, Priority.INTERACTIVE, now_s=asked_s, give_up_s=give_up_s)
        except QueueFull:
            done(False)
            return

        def finished(answered: bool) -> None:
            self._starts.pop(ticket, None)
            self._start(turns.finish(ticket, self.events.now_s, done=answered))
            done(answered)

        attempts = SimulatedCall(self, network, times, give_up_s, finished)

        def start() -> None:
            waited_s = self.queue_s.get(network, 0.0)
            self.queue_s[network] = waited_s + _NEWEST * (self.events.now_s - asked_s - waited_s)
            attempts.start()

        if ticket.started_s is None:
            self._starts[ticket] = start
        else:
            start()

    def ejected(self) -> None:
        """Looks at ejected servers again, until none is left."""
        self.resize()
        if not self._watching:
            self._watching = True
            self.events.after(_TICK_S, self._watch)

    def _watch(self) -> None:
        now_s = self.events.now_s
        due = self.balancer.due(now_s)
        for server in due:
            server.health.asked(answered=True, now_s=now_s)  # a status costs a server no time
        if due:
            self.resize()
        self._watching = any(server.health.until_s > now_s for server in self.balancer.all_servers())
        if self._watching:
            self.events.after(_TICK_S, self._watch)

    def _start(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            self._starts.pop(ticket)()


class SimulatedCall:
    """The attempts at one call, as orchestrator/predict/servers/attempts.py makes them."""

    def __init__(
        self, client: SimulatedClient, network: str, times: ServiceTimes, give_up_s: float, done: Done
    ) -> None:
        self._client = client
        self._times = times
        # The time that such calls take stands for their bytes, and for their rows.
        self._wanted = CallSpec(network, None, work=times.mean_s)
        self._latencies = client.latencies.of(network, SERVING_DEFAULT, max(round(times.mean_s * 1e3), 1))
        self._give_up_s = give_up_s
        self._done = done
        self._tried: set[str] = set()
        self._running: dict[str, tuple[Server, Job, float]] = {}
        self._over = False

    def start(self) -> None:
        """Asks the first server."""
        now_s = self._client.events.now_s
        self._client.budget.called()
        left_s = self._give_up_s - now_s
        if left_s <= 0 or not self._attempt():
            self._finish(answered=False)
            return
        patience = patience_s(self._latencies, left_s, self._client.options.hedged_percent)
        if patience < left_s:
            self._client.events.after(patience, self._beside)
        self._client.events.at(self._give_up_s, partial(self._finish, answered=False))

    def _attempt(self) -> bool:
        client, now_s = self._client, self._client.events.now_s
        server = client.balancer.pick(self._wanted, now_s, self._tried)
        if server is None:
            return False
        self._tried.add(server.address)
        client.balancer.began(server, self._wanted)
        station = client.stations[server.address]
        answered = partial(self._answered, server.address)
        seconds = max(self._times.draw(client.random) - station.transport_s, 0.0)
        job = Job(seconds, partial(client.events.after, station.transport_s, answered))
        self._running[server.address] = server, job, now_s
        station.submit(job)
        return True

    def _beside(self) -> None:
        servers = self._client.balancer.servers(self._wanted.model)
        untried = any(server.address not in self._tried for server in servers)
        if not self._over and untried and self._client.budget.take():
            self._attempt()

    def _answered(self, address: str) -> None:
        if address not in self._running:
            return  # given up while the answer was on its way
        server, _, began_s = self._running.pop(address)
        now_s = self._client.events.now_s
        server.load.took(now_s - began_s, self._latencies.quantile_s(0.5), now_s)
        self._latencies.add(now_s - began_s)
        self._ended(server, AttemptOutcome.ANSWERED)
        self._finish(answered=True)

    def _finish(self, *, answered: bool) -> None:
        if self._over:
            return
        self._over = True
        now_s = self._client.events.now_s
        for server, job, began_s in self._running.values():
            job.wanted = False
            late = now_s - began_s >= late_s(self._latencies, self._give_up_s - began_s)
            if late:
                server.load.took(now_s - began_s, self._latencies.quantile_s(0.5), now_s)
            self._ended(server, AttemptOutcome.LATE if late else AttemptOutcome.UNKNOWN)
        self._running.clear()
        self._done(answered)

    def _ended(self, server: Server, outcome: AttemptOutcome) -> None:
        if self._client.balancer.ended(server, self._wanted, outcome, self._client.events.now_s):
            self._client.ejected()
