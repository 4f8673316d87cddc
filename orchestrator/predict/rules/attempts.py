"""What to do next for one call: which server is asked, when another one is, and when the call has failed. Pure.

Time and chance are passed in; events go in, actions come out. Two drivers report the events and carry out the actions:
`orchestrator.predict.servers.call` over gRPC, and `orchestrator.capacity.simulated_client` in virtual time.

    begin -> Send -> answered: the call is over, Cancel ends the other attempt
              |----> failed, and may be retried -> pause -> wake -> Send (RETRY)
              |----> late -> wake -> Send (HEDGE): the first answer counts
              '----> failed for good -> Fail
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from orchestrator.predict.rules.balancer import Balancer, CallSpec, ServerEntry
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.rules.hedge import late_s, patience_s
from orchestrator.predict.rules.latency import Latencies
from orchestrator.predict.rules.retry import MAX_ATTEMPTS, RETRIED, RetryBudget, pause_s

_GRACE_S = 1.0
"""Time after the deadline in which the driver should report that the attempts ended with it."""


@dataclass(frozen=True)
class AttemptPolicy:
    """What all calls of one client share."""

    balancer: Balancer
    budget: RetryBudget
    random: Random
    hedged_percent: float
    """See `patience_s`."""


class AttemptKind(Enum):
    """Why a server is asked."""

    FIRST = auto()
    RETRY = auto()
    """The attempt before failed."""
    HEDGE = auto()
    """The attempt before is late, and goes on."""


class FailureCause(Enum):
    """Why a call failed."""

    NO_SERVER = auto()
    """There is no server to ask."""
    DEADLINE = auto()
    """Its time is over, and no attempt was reported to have ended with it."""
    LAST_ATTEMPT = auto()
    """Its last attempt failed: that attempt's error is the call's."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call to a server, and report `answered` or `failed`."""

    server: ServerEntry
    kind: AttemptKind


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the attempt on a server; there is nothing more to report about it."""

    server: ServerEntry


@dataclass(frozen=True, slots=True)
class Ejected:
    """A server gets no calls for a while."""

    server: ServerEntry
    outcome: AttemptOutcome
    """That of the attempt because of which it was ejected."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The call is over and has failed."""

    cause: FailureCause


Action = Send | Cancel | Ejected | Fail


class Attempts:
    """The attempts at one call. It is over after `answered`, after `Fail`, and after `abandon`.

    Args:
        policy: Chooses the servers, and limits the repeats.
        spec: What is called.
        latencies: Of calls like it.
        now_s: The time, on any clock that only rises; the same clock for every event.
        end_s: The deadline of the call, on that clock.
    """

    def __init__(
        self, policy: AttemptPolicy, spec: CallSpec, latencies: Latencies, *, now_s: float, end_s: float
    ) -> None:
        self.timeout_s = end_s - now_s
        """Time that the call has for all attempts together."""
        self.wake_s = end_s + _GRACE_S
        """When `wake` is due, unless another event comes first; every event may change it."""
        self._policy = policy
        self._spec = spec
        self._latencies = latencies
        self._end_s = end_s
        self._tried: set[str] = set()
        self._running: dict[str, tuple[ServerEntry, float]] = {}
        """By address: the servers that are asked now, and since when."""
        self._looked_beside = False
        """Whether a second server was looked for while the first was late: that is done once."""
        self._pausing = False

    def begin(self, now_s: float) -> Sequence[Action]:
        """Returns what to do first."""
        self._policy.budget.called()
        return self._send(AttemptKind.FIRST, now_s) or [Fail(FailureCause.NO_SERVER)]

    def answered(self, server: ServerEntry, now_s: float) -> Sequence[Action]:
        """Returns what to do after an attempt was answered with a result; nothing where it was cancelled before."""
        if server.address not in self._running:
            return []
        _, began_s = self._running.pop(server.address)
        took_s = now_s - began_s
        server.load.took(took_s, self._latencies.quantile_s(0.5), now_s)
        self._latencies.add(took_s)
        return [*self._ended(server, AttemptOutcome.ANSWERED, now_s), *self.abandon(now_s)]

    def failed(self, server: ServerEntry, outcome: AttemptOutcome, now_s: float) -> Sequence[Action]:
        """Returns what to do after an attempt ended without a result; nothing where it was cancelled before.

        Args:
            server: That was asked.
            outcome: `ANSWERED` where the error is the request's own.
            now_s: The time.
        """
        if server.address not in self._running:
            return []
        _, began_s = self._running.pop(server.address)
        actions = self._without_result(server, began_s, outcome, now_s)
        if self._running:
            return actions
        return [*actions, *self._retry(outcome, now_s)]

    def wake(self, now_s: float) -> Sequence[Action]:
        """Returns what to do when `wake_s` has come."""
        if self._pausing:
            self._pausing = False
            return self._send(AttemptKind.RETRY, now_s) or [Fail(FailureCause.LAST_ATTEMPT)]
        if now_s >= self._end_s:
            return [*self.abandon(now_s), Fail(FailureCause.DEADLINE)]
        self._looked_beside = True
        self.wake_s = self._end_s + _GRACE_S
        untried = (one.address not in self._tried for one in self._policy.balancer.servers(self._spec.model))
        if any(untried) and self._policy.budget.take():
            return self._send(AttemptKind.HEDGE, now_s)
        return []

    def abandon(self, now_s: float) -> Sequence[Action]:
        """Returns what to do when no answer is wanted any more."""
        actions: list[Action] = []
        for server, began_s in self._running.values():
            actions.append(Cancel(server))
            actions += self._without_result(server, began_s, AttemptOutcome.UNKNOWN, now_s)
        self._running.clear()
        return actions

    def _send(self, kind: AttemptKind, now_s: float) -> Sequence[Action]:
        """Returns an attempt on a server that was not asked yet; nothing where there is none."""
        server = self._policy.balancer.pick(self._spec, now_s, self._tried)
        if server is None:
            return []
        self._tried.add(server.address)
        self._running[server.address] = server, now_s
        self._policy.balancer.began(server, self._spec)
        self.wake_s = self._wake_after_s(now_s)
        return [Send(server, kind)]

    def _wake_after_s(self, now_s: float) -> float:
        """Returns until when the newest attempt is waited for."""
        if not self._looked_beside:
            late_at_s = now_s + patience_s(self._latencies, self.timeout_s, self._policy.hedged_percent)
            if late_at_s < self._end_s:
                return late_at_s
        return self._end_s + _GRACE_S

    def _retry(self, outcome: AttemptOutcome, now_s: float) -> Sequence[Action]:
        """Returns what to do after the only attempt under way failed."""
        pause = pause_s(len(self._tried), self._policy.random)
        if not (
            outcome in RETRIED
            and len(self._tried) < MAX_ATTEMPTS
            and now_s + pause < self._end_s
            and self._policy.balancer.pick(self._spec, now_s, self._tried) is not None
            and self._policy.budget.take()
        ):
            return [Fail(FailureCause.LAST_ATTEMPT)]
        if pause:
            self._pausing, self.wake_s = True, now_s + pause
            return []
        return self._send(AttemptKind.RETRY, now_s) or [Fail(FailureCause.LAST_ATTEMPT)]

    def _without_result(
        self, server: ServerEntry, began_s: float, outcome: AttemptOutcome, now_s: float
    ) -> Sequence[Action]:
        took_s = now_s - began_s
        if outcome is AttemptOutcome.UNKNOWN and took_s >= late_s(self._latencies, self.timeout_s):
            outcome = AttemptOutcome.LATE
            server.load.took(took_s, self._latencies.quantile_s(0.5), now_s)
        return self._ended(server, outcome, now_s)

    def _ended(self, server: ServerEntry, outcome: AttemptOutcome, now_s: float) -> Sequence[Action]:
        ejected = self._policy.balancer.ended(server, self._spec, outcome, now_s)
        return [Ejected(server, outcome)] if ejected else []
