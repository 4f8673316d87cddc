"""A steady load on a service of fixed size."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from orchestrator.capacity.simulated_service import ReplicaCounts, SimulatedService
from orchestrator.capacity.workload import OfferedLoad, RequestKind
from orchestrator.settings import Settings

_WARM_UP = 0.1
"""Share of the pictures that do not count: the first ones find all servers idle."""


@dataclass(frozen=True)
class SimulationResult:
    """How a load was answered."""

    ascending_s: tuple[float, ...]
    """Times of the pictures; infinite where there was no answer in time."""
    busy: dict[str, float]
    """Share of the time in which the slots of each network, and the cores of the orchestrators, are busy."""
    waited_s: dict[str, float]
    """Average time that a picture waits on servers of each network, and for its turn and a core of an orchestrator."""

    def quantile_s(self, share: float) -> float:
        """Returns the time within which that share of pictures is answered."""
        return self.ascending_s[max(math.ceil(share * len(self.ascending_s)), 1) - 1]

    def failed(self) -> float:
        """Returns the share of pictures without an answer in time."""
        return sum(map(math.isinf, self.ascending_s)) / len(self.ascending_s)


PROCESSOR = "orchestrators"


def simulate(
    load: OfferedLoad, counts: ReplicaCounts, *, pictures: int, seed: int = 0, settings: Settings | None = None
) -> SimulationResult:
    """Returns how a load is answered.

    Args:
        load: Pictures per second; they arrive independently of each other.
        counts: How many orchestrators and servers there are.
        pictures: To simulate, 10 or more; the first tenth does not count.
        seed: Of what is random.
        settings: Of the orchestrators.
    """
    service = SimulatedService(load.profile, counts, settings or Settings(), seed)
    # A random generator of its own, so that the same pictures arrive whatever the size of the service.
    service.arrive(islice(poisson(load, Random(f"arrivals {seed}")), pictures))
    service.run(until=lambda: len(service.results.took_s) == pictures)
    in_order = sorted(zip(service.results.arrived_s, service.results.took_s, strict=True))
    counted = sorted(took_s for _, took_s in in_order[int(_WARM_UP * pictures) :])
    stations = {network: [service.stations[one] for one in addresses] for network, addresses in service.servers.items()}
    stations[PROCESSOR] = [orchestrator.processor for orchestrator in service.orchestrators]
    slots = {network: load.profile.networks[network].slots for network in service.servers} | {
        PROCESSOR: load.profile.cores
    }
    span_s = service.events.now_s
    waited_s = {name: sum(one.waited_s for one in of) / pictures for name, of in stations.items()}
    waited_s[PROCESSOR] += sum(orchestrator.waited_s for orchestrator in service.orchestrators) / pictures
    return SimulationResult(
        tuple(counted),
        {name: sum(one.busy_s for one in of) / (span_s * slots[name] * len(of)) for name, of in stations.items()},
        waited_s,
    )


def poisson(load: OfferedLoad, random: Random) -> Iterator[tuple[float, RequestKind]]:
    """Yields times and kinds of pictures, endlessly."""
    kinds, shares = load.kinds()
    at_s = 0.0
    while True:
        at_s += random.expovariate(load.rps)
        yield at_s, random.choices(kinds, shares)[0]


def unloaded_s(load: OfferedLoad, share: float, *, pictures: int = 20_000, seed: int = 0) -> float:
    """Returns the time within which that share of pictures would be answered if none ever waited for another."""
    kinds, shares = load.kinds()
    random = Random(seed)
    times = [
        kind.processor.draw(random) + sum(_alone_s(kind, random)) for kind in random.choices(kinds, shares, k=pictures)
    ]
    return sorted(times)[max(math.ceil(share * pictures), 1) - 1]


def _alone_s(kind: RequestKind, random: Random) -> Iterator[float]:
    """Yields the time of each step, whose calls go out two at a time."""
    for step in kind.steps:
        lanes = [0.0, 0.0]
        for _ in range(step.draw_calls(random)):
            lanes[lanes.index(min(lanes))] += step.times.draw(random)
        yield max(lanes)
