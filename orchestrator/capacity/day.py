"""A day's traffic in fast motion, with model servers that follow the load by the autoscaler's rules."""

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
    """The service at one time of the day."""

    hour: float
    rps: float
    """Pictures that arrived per second since the last sample."""
    servers: dict[str, int]
    """Servers that answer, by network."""
    p99_s: float
    """Of the pictures that were done since the last sample."""
    failed: int
    """Pictures without an answer in time since the last sample."""


OnSample = Callable[[DaySample], None]
"""Called with each sample of a day."""


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
            raise CannotPlan(f"line {number} of {path.name} is {','.join(row)!r}, expected HOUR,NUMBER") from err
        if not (0 <= hour <= 24 and math.isfinite(value) and value >= 0 and (not points or hour > points[-1][0])):
            raise CannotPlan(f"line {number} of {path.name}: hours must ascend from 0 to 24, numbers be at least 0")
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
    """A day at whose peak the load has its full rate.

    Args:
        load: Its `rps` is the rate at the peak.
        counts: How many orchestrators and servers there are at the beginning, and all day unless it autoscales.
        curve: How the load moves.
        day_s: Length of the day in virtual seconds. The starts of servers and the delays of the autoscaler are not
            shortened with it, so a short day is harder than a real one.
        autoscale: Whether the model servers follow the load.
        seed: Of what is random.
        settings: Of the orchestrators.
    """

    def __init__(
        self,
        load: OfferedLoad,
        counts: ReplicaCounts,
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
        self._service = SimulatedService(load.profile, counts, self._settings, seed)
        self._random = Random(f"arrivals {seed}")
        self._target = dict(counts.servers)
        self._scalers: dict[str, Autoscaler] = {}
        if autoscale:
            self._scalers = {name: Autoscaler(ScalingRules(most=MOST)) for name in counts.servers}
        self._seen = self._arrived = 0
        self._samples: list[DaySample] = []

    def run(
        self, *, samples: int = 144, on_sample: Callable[[DaySample], None] = lambda _sample: None
    ) -> list[DaySample]:
        """Returns samples of the day at equal distances.

        Args:
            samples: Number of samples.
            on_sample: Called with each.
        """
        events = self._service.events
        self._service.arrive(self._pictures())
        for network in self._scalers:
            events.after(_DECIDE_S, partial(self._decide, network))
        if self._scalers:
            events.after(self._settings.endpoint_refresh_s, self._announce)
        pause_s = self._day_s / samples
        for index in range(1, samples + 1):
            events.at(index * pause_s, partial(self._look, pause_s, on_sample))
        self._service.run(until=lambda: len(self._samples) == samples)
        return self._samples

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
        clients = [orchestrator.client for orchestrator in self._service.orchestrators]
        in_flight = sum(client.in_flight(network) for client in clients)
        # How long calls waited before a pause says nothing about now.
        waits_s = [client.queue_s(network) for client in clients if client.in_flight(network)]
        running = len(self._service.servers[network])
        wanted = self._scalers[network].decide(
            self._target[network],
            running=running,
            in_flight=in_flight,
            queue_s=max(waits_s, default=0.0),
            now_s=self._service.events.now_s,
        )
        if wanted > self._target[network]:
            start_s = self._load.profile.networks[network].start_s
            self._service.events.after(start_s, partial(self._started, network, wanted - self._target[network]))
        elif wanted < running:
            self._service.resize(network, wanted)
        self._target[network] = wanted
        self._service.events.after(_DECIDE_S, partial(self._decide, network))

    def _started(self, network: str, number: int) -> None:
        running = len(self._service.servers[network])
        self._service.resize(network, max(min(running + number, self._target[network]), running))

    def _announce(self) -> None:
        self._service.announce()
        self._service.events.after(self._settings.endpoint_refresh_s, self._announce)

    def _look(self, pause_s: float, on_sample: OnSample) -> None:
        results = self._service.results.took_s
        new = sorted(results[self._seen :])
        self._seen = len(results)
        sample = DaySample(
            hour=self._service.events.now_s / self._day_s * 24,
            rps=self._arrived / pause_s,
            servers={name: len(addresses) for name, addresses in self._service.servers.items()},
            p99_s=new[math.ceil(0.99 * len(new)) - 1] if new else 0.0,
            failed=sum(map(math.isinf, new)),
        )
        self._arrived = 0
        self._samples.append(sample)
        on_sample(sample)
