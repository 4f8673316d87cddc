"""The whole service in virtual time: orchestrators, model servers, and pictures that arrive."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random

from orchestrator.capacity.events import Events
from orchestrator.capacity.simulated_client import SimulatedClient
from orchestrator.capacity.simulated_orchestrator import SimulatedOrchestrator
from orchestrator.capacity.station import Station
from orchestrator.capacity.workload import RequestKind, ServiceProfile
from orchestrator.settings import Settings

_COMPARED = 2
"""Orchestrators that are compared for each picture: Ray Serve's router takes the better of two."""


@dataclass(frozen=True)
class ReplicaCounts:
    """How many orchestrators and servers there are."""

    orchestrators: int
    servers: Mapping[str, int]
    """By network."""

    @property
    def replicas(self) -> int:
        """All processes together."""
        return self.orchestrators + sum(self.servers.values())


@dataclass
class PictureTimes:
    """The times of the pictures, in the order in which they were done."""

    arrived_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    """Infinite where there was no answer in time."""

    def add(self, arrived_s: float, took_s: float) -> None:
        """Adds a picture."""
        self.arrived_s.append(arrived_s)
        self.took_s.append(took_s)


class SimulatedService:
    """The orchestrators, the servers, and the pictures that arrive.

    Args:
        profile: What was measured.
        counts: How many orchestrators and servers there are.
        settings: Of the orchestrators.
        seed: Of what is random; equal seeds give equal results.
    """

    def __init__(self, profile: ServiceProfile, counts: ReplicaCounts, settings: Settings, seed: int) -> None:
        self.events = Events()
        self.random = Random(seed)
        self.results = PictureTimes()
        self.stations: dict[str, Station] = {}
        """Every server that there ever was, by address: one that left completes its calls."""
        self.servers: dict[str, list[str]] = {network: [] for network in counts.servers}
        """Addresses of the servers that get calls, by network."""
        self._profile = profile
        self._settings = settings
        self._numbers = count()
        for network, number in counts.servers.items():
            self.resize(network, number)
        self.orchestrators = [self._orchestrator() for _ in range(counts.orchestrators)]
        self.announce()

    def resize(self, network: str, number: int) -> None:
        """Adds servers, or removes the newest ones; the orchestrators learn it from `announce`."""
        addresses = self.servers[network]
        del addresses[number:]
        while len(addresses) < number:
            address = f"{network}-{next(self._numbers)}"
            of_network = self._profile.networks[network]
            self.stations[address] = Station(self.events, of_network.slots, of_network.transport_s)
            addresses.append(address)

    def announce(self) -> None:
        """Tells every orchestrator where the servers are."""
        endpoints = {network: frozenset(addresses) for network, addresses in self.servers.items()}
        for orchestrator in self.orchestrators:
            orchestrator.client.update(endpoints)

    def arrive(self, pictures: Iterator[tuple[float, RequestKind]]) -> None:
        """Makes pictures arrive, one after the other.

        Args:
            pictures: The time of each, ascending, and its kind.
        """
        for at_s, kind in pictures:
            self.events.at(at_s, partial(self._arrived, kind, pictures))
            return

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Runs until `until` returns true, or until nothing is left to do."""
        self.events.run(until=until)

    def _arrived(self, kind: RequestKind, pictures: Iterator[tuple[float, RequestKind]]) -> None:
        now_s = self.events.now_s
        two = self.random.sample(self.orchestrators, min(_COMPARED, len(self.orchestrators)))
        orchestrator = min(two, key=lambda one: one.limiter.in_flight())
        orchestrator.ask(kind, now_s + self._settings.timeout_s, partial(self._done, now_s))
        self.arrive(pictures)

    def _done(self, arrived_s: float, answered: bool) -> None:
        self.results.add(arrived_s, self.events.now_s - arrived_s if answered else float("inf"))

    def _orchestrator(self) -> SimulatedOrchestrator:
        client = SimulatedClient(self.events, self.stations, self._settings.balance_options(), self.random)
        return SimulatedOrchestrator(client, Station(self.events, self._profile.cores), self._settings)
