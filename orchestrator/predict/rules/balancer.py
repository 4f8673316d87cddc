"""Which servers serve which models, and which server gets a call. Pure: time and random numbers are passed in.

Kept by hand: gRPC's policies know neither the work of a call nor that a server lacks a version
(benchmarks/reliability/balance.py compares them), and the simulation could not run them.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random

from orchestrator.predict.rules.choose import COMPARED, choose
from orchestrator.predict.rules.eject import FAILURES_TO_EJECT, AttemptOutcome, ServerHealth, ServerState
from orchestrator.predict.rules.load_estimate import LoadEstimate

_LACKING_S = 2.0
"""Time for which a server is not asked again for a version that it lacked: loading one takes longer."""

_LOOKED_AT = 16
"""Servers that are drawn where there are more; nearly always enough of them can be compared."""


@dataclass(frozen=True)
class CallSpec:
    """What is called."""

    model: str
    version: int | None
    """None: the newest that the server has."""
    work: float
    """In any unit that grows with the time that the call takes."""


@dataclass
class ServerEntry:
    """What is known about the server at one address."""

    address: str
    load: LoadEstimate = field(default_factory=LoadEstimate)
    health: ServerHealth = field(default_factory=ServerHealth)
    calls: Counter[str] = field(default_factory=Counter)
    """Calls under way, by model."""
    lacks: dict[tuple[str, int | None], float] = field(default_factory=dict)
    """By model and version: until when it is not asked for it."""

    def usable(self) -> bool:
        """Returns whether it gets calls; a server on trial gets one at a time."""
        return self.health.state is ServerState.IN_USE or (
            self.health.state is ServerState.ON_TRIAL and not self.load.calls
        )


class Balancer:
    """Chooses among the servers of each model.

    Args:
        random: Where random numbers come from.
        max_calls: Calls of one model under way on one server; more only where no other is left.
        compared: See `choose`.
    """

    def __init__(self, random: Random, *, max_calls: int, compared: int = COMPARED) -> None:
        self._random = random
        self._max_calls = max_calls
        self._compared = compared
        self._servers: dict[str, ServerEntry] = {}
        self._of_model: dict[str, list[ServerEntry]] = {}

    def update(self, endpoints: Mapping[str, Collection[str]]) -> None:
        """Takes over the addresses of the servers by model; a model that is left out keeps its servers."""
        for model, addresses in endpoints.items():
            self._of_model[model] = [
                self._servers.setdefault(address, ServerEntry(address)) for address in sorted(addresses)
            ]
        used = {server.address for servers in self._of_model.values() for server in servers}
        self._servers = {address: server for address, server in self._servers.items() if address in used}

    def all_servers(self) -> Collection[ServerEntry]:
        """Returns every server."""
        return self._servers.values()

    def servers(self, model: str) -> list[ServerEntry]:
        """Returns the servers of a model."""
        return self._of_model.get(model, [])

    def capacity(self, model: str) -> int:
        """Returns how many calls of a model may be under way: what its servers in use accept, one at least."""
        usable = sum(server.health.state is not ServerState.EJECTED for server in self.servers(model))
        return self._max_calls * max(usable, 1)

    def pick(self, spec: CallSpec, now_s: float, tried: Collection[str] = ()) -> ServerEntry | None:
        """Returns the server that should get a call; None where there is none, or each was tried already."""
        key = (spec.model, spec.version)
        servers = self.servers(spec.model)
        if len(servers) > _LOOKED_AT:
            # Looking at each of a thousand servers costs more than the rest of a call.
            drawn = self._random.sample(servers, _LOOKED_AT)
            good = [one for one in drawn if one.address not in tried and self._is_free(one, key, now_s)]
            if len(good) >= self._compared:
                return self._choose(good[: self._compared], spec, now_s)
        left = [server for server in servers if server.address not in tried]
        if not left:
            return None
        having = [server for server in left if server.lacks.get(key, 0.0) <= now_s] or left
        # Where all are ejected, each is as good as another: one may have recovered.
        usable = [server for server in having if server.usable()] or having
        free = [server for server in usable if server.calls[spec.model] < self._max_calls] or usable
        return self._choose(free, spec, now_s)

    def _is_free(self, server: ServerEntry, key: tuple[str, int | None], now_s: float) -> bool:
        """Returns whether nothing speaks against a server."""
        return server.usable() and server.lacks.get(key, 0.0) <= now_s and server.calls[key[0]] < self._max_calls

    def _choose(self, servers: list[ServerEntry], spec: CallSpec, now_s: float) -> ServerEntry:
        loads = [server.load for server in servers]
        return servers[choose(loads, spec.work, now_s, self._random, compared=self._compared)]

    def began(self, server: ServerEntry, spec: CallSpec) -> None:
        """Counts a call that was sent."""
        server.load.began(spec.work)
        server.calls[spec.model] += 1

    def ended(self, server: ServerEntry, spec: CallSpec, outcome: AttemptOutcome, now_s: float) -> bool:
        """Counts a call that is over; returns whether the server is ejected because of it."""
        server.load.ended(spec.work)
        server.calls[spec.model] -= 1
        if outcome is AttemptOutcome.LACKING:
            server.lacks[spec.model, spec.version] = now_s + _LACKING_S
        elif outcome is AttemptOutcome.ANSWERED:
            server.lacks.pop((spec.model, spec.version), None)
        may_eject = outcome in FAILURES_TO_EJECT and self._may_eject(server)
        return server.health.ended(outcome, now_s, may_eject=may_eject)

    def due(self, now_s: float) -> list[ServerEntry]:
        """Returns the ejected servers that should be probed now."""
        return [server for server in self._servers.values() if server.health.due(now_s)]

    def _may_eject(self, server: ServerEntry) -> bool:
        """Returns whether, without it, at least half of the servers of every model that it serves stay in use."""
        return all(
            2 * (1 + sum(one.health.state is ServerState.EJECTED for one in servers)) <= len(servers)
            for servers in self._of_model.values()
            if server in servers
        )
