"""What the pictures of each size need from the service. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from orchestrator.predict.batches import CALLS_AT_ONCE

STEPS = ("pnet", "rnet", "onet", "embedder")
"""The networks in the order in which a picture needs them (orchestrator/pipeline)."""


@dataclass(frozen=True)
class ServiceTimes:
    """How long some work takes: a distribution.

    With samples each draw is one of them. Otherwise times have a gamma distribution: `cv` 0 is always the same time, 1
    the exponential distribution.
    """

    mean_s: float
    cv: float = 0.0
    """Standard deviation over mean."""
    samples_s: tuple[float, ...] = ()

    def draw(self, random: Random) -> float:
        """Returns a time in seconds."""
        if self.samples_s:
            return random.choice(self.samples_s)
        if not self.cv or not self.mean_s:
            return self.mean_s
        shape = 1 / self.cv**2
        return random.gammavariate(shape, self.mean_s / shape)


@dataclass(frozen=True)
class NetworkCalls:
    """Calls of one network for one picture."""

    network: str
    calls: float
    """On average: 0.8 is one call for four pictures of five."""
    times: ServiceTimes

    def draw_calls(self, random: Random) -> int:
        """Returns a number of calls: one of the two whole numbers next to the average."""
        least = math.floor(self.calls)
        return least + (random.random() < self.calls - least)


@dataclass(frozen=True)
class RequestKind:
    """Pictures of one size."""

    name: str
    px: int
    """Pixels of a picture."""
    processor: ServiceTimes
    """Time of an orchestrator's core for a picture."""
    steps: tuple[NetworkCalls, ...]

    def alone_s(self) -> float:
        """Returns the average time of a picture that never waits: up to two calls of one network are sent together."""
        calls = sum(step.times.mean_s * max(step.calls / CALLS_AT_ONCE, min(step.calls, 1.0)) for step in self.steps)
        return self.processor.mean_s + calls


@dataclass(frozen=True)
class NetworkProfile:
    """The servers of one network."""

    slots: int = 1
    """Calls that one server computes at a time."""
    transport_s: float = 0.0
    """The part of a call's time in which its slot is free: transport both ways, and its handling at both ends."""
    servers_per_gpu: float = 0.0
    """Servers that share a GPU; 0: they need none."""
    start_s: float = 20.0
    """Time until a new server answers."""


@dataclass(frozen=True)
class ServiceProfile:
    """What was measured of a service."""

    kinds: Mapping[str, RequestKind]
    networks: Mapping[str, NetworkProfile]
    cores: int = 1
    """Of one orchestrator."""


@dataclass(frozen=True)
class OfferedLoad:
    """Pictures per second, and their sizes."""

    profile: ServiceProfile
    rps: float
    mix: Mapping[str, float] = field(default_factory=dict)
    """Shares by name of the kind; they add up to 1."""

    def kinds(self) -> tuple[list[RequestKind], list[float]]:
        """Returns the kinds, and the share of each."""
        return [self.profile.kinds[name] for name in self.mix], list(self.mix.values())

    def servers_busy(self, network: str) -> float:
        """Returns how many servers of a network the calls keep busy; fewer cannot answer them all."""
        kinds, shares = self.kinds()
        servers = self.profile.networks[network]
        seconds = sum(
            share * step.calls * max(step.times.mean_s - servers.transport_s, 0.0)
            for kind, share in zip(kinds, shares, strict=True)
            for step in kind.steps
            if step.network == network
        )
        return self.rps * seconds / servers.slots

    def orchestrators_busy(self, *, max_images_at_once: int, max_px_at_once: int) -> float:
        """Returns how many orchestrators the pictures keep busy: their cores, or their turns (Little's law).

        Args:
            max_images_at_once: Pictures that one works on together.
            max_px_at_once: Their pixels.
        """
        kinds, shares = self.kinds()
        cores = sum(share * kind.processor.mean_s for kind, share in zip(kinds, shares, strict=True))
        turns = sum(
            share * max(1 / max_images_at_once, kind.px / max_px_at_once) * kind.alone_s()
            for kind, share in zip(kinds, shares, strict=True)
        )
        return self.rps * max(cores / self.profile.cores, turns)

    def networks(self) -> list[str]:
        """Returns the networks that the pictures need, in the order of the flow."""
        return [network for network in STEPS if network in self.profile.networks and self.servers_busy(network) > 0]
