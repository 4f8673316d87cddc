"""The smallest service that answers a load in time."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.simulate import PROCESSOR, SimulationResult, simulate, unloaded_s
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import OfferedLoad
from orchestrator.fleet.sizes import MOST
from orchestrator.settings import Settings

_MOST_BUSY = 0.95
"""Share of the time in which a server may be busy; above it the queues grow, even if a short simulation hides it."""
_HALVINGS = 5
"""Steps of the bisection for the busy share that is the same for all."""
SHARE = 0.99
"""Of the pictures that have to be in time."""


@dataclass(frozen=True)
class CapacityPlan:
    """What a load needs."""

    counts: ReplicaCounts
    gpus: int
    answers: SimulationResult
    """From other pictures than those that the plan was found with."""


OnTry = Callable[[ReplicaCounts, SimulationResult], None]
"""Called with each service that was tried."""


class CapacitySearch:
    """Finds the smallest service that is in time, by simulating services of different sizes.

    Args:
        load: To be answered.
        p99_s: Within which 99 of 100 pictures must be answered.
        pictures: To simulate for each try.
        seed: Of what is random.
        settings: Of the orchestrators.
        on_try: Called after each try.
    """

    def __init__(
        self,
        load: OfferedLoad,
        p99_s: float,
        *,
        pictures: int = 3_000,
        seed: int = 0,
        settings: Settings | None = None,
        on_try: OnTry = lambda _counts, _answers: None,
    ) -> None:
        self._load = load
        self._p99_s = p99_s
        self._pictures = pictures
        self._seed = seed
        self._settings = settings or Settings()
        self._on_try = on_try
        self._busy = {network: load.servers_busy(network) for network in load.networks()}
        self._busy[PROCESSOR] = load.orchestrators_busy(
            max_images_at_once=self._settings.max_images_at_once, max_px_at_once=self._settings.max_px_at_once
        )

    def run(self) -> CapacityPlan:
        """Returns the plan.

        Raises:
            CannotPlan: No number of servers is enough, or it is beyond `MOST`.
        """
        alone_s = unloaded_s(self._load, SHARE)
        if alone_s > self._p99_s:
            raise CannotPlan(
                f"99 of 100 pictures cannot be answered within {self._p99_s * 1e3:g} ms: without any waiting they take "
                f"{alone_s * 1e3:.0f} ms; allow more time, or make the networks faster"
            )
        numbers = self._trimmed(self._evenly_busy())
        while not self._meets(self._try(numbers, self._seed + 1)):
            numbers = self._grown(numbers)
        counts = _counts(numbers)
        return CapacityPlan(counts, gpus(self._load, counts), self._try(numbers, self._seed + 2))

    def of(self, counts: ReplicaCounts) -> CapacityPlan:
        """Returns what a service of that size achieves."""
        answers = simulate(self._load, counts, pictures=self._pictures, seed=self._seed, settings=self._settings)
        return CapacityPlan(counts, gpus(self._load, counts), answers)

    def _evenly_busy(self) -> dict[str, int]:
        """Returns numbers that are enough, all equally busy, as small as bisection finds them."""
        low, high = 0.0, _MOST_BUSY
        best = None
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            numbers = self._numbers(middle)
            if max(numbers.values()) > MOST or self._meets(self._try(numbers, self._seed)):
                if max(numbers.values()) <= MOST:
                    best = numbers
                low = middle
            else:
                high = middle
        if best is None:
            raise CannotPlan(
                f"{self._load.rps:g} pictures/s need more than {MOST} servers of one network; "
                f"{max(self._busy, key=lambda name: self._busy[name])} alone keeps {max(self._busy.values()):.0f} busy"
            )
        return best

    def _trimmed(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """Returns the numbers after each was made as small as possible, the largest first."""
        trimmed = dict(numbers)
        for name in sorted(trimmed, key=lambda name: -trimmed[name]):
            low, high = self._numbers(_MOST_BUSY)[name], trimmed[name]
            while low < high:
                middle = (low + high) // 2
                if self._meets(self._try({**trimmed, name: middle}, self._seed)):
                    high = middle
                else:
                    low = middle + 1
            trimmed[name] = high
        return trimmed

    def _grown(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """Returns the numbers with 5 % more of what pictures wait for longest."""
        waited_s = self._try(numbers, self._seed + 1).waited_s
        longest = max(waited_s, key=lambda name: waited_s[name])
        more = math.ceil(numbers[longest] * 1.05)
        if more > MOST:
            raise CannotPlan(f"{self._load.rps:g} pictures/s need more than {MOST} of {longest}")
        return {**numbers, longest: more}

    def _numbers(self, busy: float) -> dict[str, int]:
        return {name: max(math.ceil(number / busy), 1) for name, number in self._busy.items()}

    def _try(self, numbers: Mapping[str, int], seed: int) -> SimulationResult:
        counts = _counts(numbers)
        answers = simulate(self._load, counts, pictures=self._pictures, seed=seed, settings=self._settings)
        self._on_try(counts, answers)
        return answers

    def _meets(self, answers: SimulationResult) -> bool:
        return answers.quantile_s(SHARE) <= self._p99_s


def gpus(load: OfferedLoad, counts: ReplicaCounts) -> int:
    """Returns how many GPUs the servers need, each shared by servers of one network."""
    networks = load.profile.networks
    return sum(
        math.ceil(number / networks[name].servers_per_gpu)
        for name, number in counts.servers.items()
        if networks[name].servers_per_gpu
    )


def shared_gpus(load: OfferedLoad, servers_per_gpu: Mapping[str, float]) -> OfferedLoad:
    """Returns the load on servers of which so many share a GPU.

    Raises:
        CannotPlan: There is no such network.
    """
    networks = dict(load.profile.networks)
    for name, number in servers_per_gpu.items():
        if name not in networks:
            raise CannotPlan(f"there is no network {name!r} here, there are {', '.join(networks)}")
        networks[name] = replace(networks[name], servers_per_gpu=number)
    return replace(load, profile=replace(load.profile, networks=networks))


def _counts(numbers: Mapping[str, int]) -> ReplicaCounts:
    return ReplicaCounts(numbers[PROCESSOR], {name: number for name, number in numbers.items() if name != PROCESSOR})
