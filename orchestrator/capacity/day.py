"""A day's traffic in fast motion, with model servers that follow the load by the rules of the autoscaler."""

import csv
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.simulated_service import ReplicaCounts, SimulatedService
from orchestrator.capacity.workload import OfferedLoad, RequestKind
from orchestrator.fleet.autoscale import Autoscaler, ScalingRules
from orchestrator.fleet.sizes import MOST
from orchestrator.settings import Settings

Curve = tuple[tuple[float, float], ...]
"""Hours of the day, ascending, and the share of the peak at each; straight lines between them."""

OFFICE: Curve = ((0, 0.12), (4, 0.06), (7, 0.3), (9, 0.9), (10.5, 1.0), (12.5, 0.75), (15, 0.95), (18, 0.6), (21, 0.35),
                 (24, 0.12))  # fmt: skip
"""A day with its peak in the morning."""

_DECIDE_S = 1.0
"""Pause between two decisions of the autoscaler."""


@dataclass(frozen=True)
class DaySample:
    """What was seen at one time of the day."""

    hour: float
    rps: float
    """Pictures that arrived per second."""
    servers: dict[str, int]
    """That answer, by network."""
    p99_s: float
    """Of the pictures that were done since the last moment."""
    failed: int
    """Pictures without an answer in time since then."""


def read_curve(path: Path) -> Curve:
    """Returns the curve in a CSV file: hour, pictures per second or any unit; the highest is the peak.

    Raises:
        CannotPlan: A line has another form, or hours do not ascend from 0 to 24.
    """
    points: list[tuple[float, float]] = []
    for number, row in enumerate(csv.reader(path.read_text(encoding="utf-8").splitlines()), 1):
        try:
            hour, value = map(float, row)
        except ValueError as err:
            if number == 1:
                continue  # headings
            raise CannotPlan(f"line {number} of {path.name} is {','.join(row)!r}, expected is HOUR,NUMBER") from err
        if not (0 <= hour <= 24 and math.isfinite(value) and value >= 0 and (not points or hour > points[-1][0])):
            raise CannotPlan(f"line {number} of {path.name}: hours must ascend from 0 to 24, with numbers from 0 on")
        points.append((hour, value))
    peak = max((value for _, value in points), default=0.0)
    if not peak:
        raise CannotPlan(f"{path.name} has no number above 0")
    return tuple((hour, value / peak) for hour, value in points)


def share_at(curve: Curve, hour: float) -> float:
    """Returns the share of the peak at an hour."""
    index = bisect_right(curve, (hour, math.inf))
    if index == 0:
        return curve[0][1]
    if index == len(curve):
        return curve[-1][1]
    (before, low), (after, high) = curve[index - 1], curve[index]
    return low + (high - low) * (hour - before) / (after - before)


class Day:
    """A day with the load's rate at its peak.

    Args:
        load: Its `rps` is that of the peak.
        sizes: What there is at the beginning, and at the peak at most unless it scales.
        curve: How the load moves.
        day_s: Length of the day in virtual seconds. The servers start, and the autoscaler waits, as long as in
            life, so a short day is harder on them than a real one.
        autoscale: Whether the model servers follow the load.
        seed: Of what is random.
        settings: Of the orchestrators.
    """

    def __init__(
        self,
        load: OfferedLoad,
        sizes: ReplicaCounts,
        curve: Curve,
        *,
        day_s: float,
        autoscale: bool,
        seed: int = 0,
        settings: Settings | None = None,
    ) -> None:
        self._load = load
        self._curve = curve
        self._day_s = day_s
        self._settings = settings or Settings()
        self._world = SimulatedService(load.profile, sizes, self._settings, seed)
        self._random = Random(f"arrivals {seed}")
        self._target = dict(sizes.servers)
        self._scalers: dict[str, Autoscaler] = {}
        if autoscale:
            self._scalers = {name: Autoscaler(ScalingRules(most=MOST)) for name in sizes.servers}
        self._seen = self._arrived = 0
        self._moments: list[DaySample] = []

    def run(self, *, moments: int = 144, told: Callable[[DaySample], None] = lambda _moment: None) -> list[DaySample]:
        """Returns what was seen, so many times at equal distances.

        Args:
            moments: Times that it is looked at.
            told: Is told of each.
        """
        events = self._world.events
        self._world.arrive(self._pictures())
        for network in self._scalers:
            events.after(_DECIDE_S, partial(self._decide, network))
        if self._scalers:
            events.after(self._settings.endpoint_refresh_s, self._announce)
        pause_s = self._day_s / moments
        for index in range(1, moments + 1):
            events.at(index * pause_s, partial(self._look, pause_s, told))
        self._world.run(until=lambda: len(self._moments) == moments)
        return self._moments

    def _pictures(self) -> Iterator[tuple[float, RequestKind]]:
        """Yields pictures at the rate of the hour (thinning: Lewis and Shedler, 1979)."""
        kinds, shares = self._load.kinds()
        at_s = 0.0
        while at_s < self._day_s:
            at_s += self._random.expovariate(self._load.rps)
            if self._random.random() < share_at(self._curve, at_s / self._day_s * 24):
                self._arrived += 1
                yield at_s, self._random.choices(kinds, shares)[0]

    def _decide(self, network: str) -> None:
        clients = [orchestrator.client for orchestrator in self._world.orchestrators]
        in_flight = sum(client.in_flight(network) for client in clients)
        # What calls waited before a pause says nothing of now.
        waits_s = [client.queue_s(network) for client in clients if client.in_flight(network)]
        running = len(self._world.servers[network])
        wanted = self._scalers[network].decide(
            self._target[network],
            running=running,
            in_flight=in_flight,
            queue_s=max(waits_s, default=0.0),
            now_s=self._world.events.now_s,
        )
        if wanted > self._target[network]:
            start_s = self._load.profile.networks[network].start_s
            self._world.events.after(start_s, partial(self._started, network, wanted - self._target[network]))
        elif wanted < running:
            self._world.resize(network, wanted)
        self._target[network] = wanted
        self._world.events.after(_DECIDE_S, partial(self._decide, network))

    def _started(self, network: str, number: int) -> None:
        running = len(self._world.servers[network])
        self._world.resize(network, max(min(running + number, self._target[network]), running))

    def _announce(self) -> None:
        self._world.announce()
        self._world.events.after(self._settings.endpoint_refresh_s, self._announce)

    def _look(self, pause_s: float, told: Callable[[DaySample], None]) -> None:
        results = self._world.results.took_s
        new = sorted(results[self._seen :])
        self._seen = len(results)
        moment = DaySample(
            hour=self._world.events.now_s / self._day_s * 24,
            rps=self._arrived / pause_s,
            servers={name: len(addresses) for name, addresses in self._world.servers.items()},
            p99_s=new[math.ceil(0.99 * len(new)) - 1] if new else 0.0,
            failed=sum(map(math.isinf, new)),
        )
        self._arrived = 0
        self._moments.append(moment)
        told(moment)
