"""When a server gets no calls, and when it gets them again. Pure: the time is passed in.

Kept by hand: gRPC's outlier detection acts at intervals and does not know that a call is late; with Envoy every call
would pass through one more process.

in use --failures--> ejected --time over--> probed (no caller's request) --answers-> on trial
   ^                    ^                      |                                      |   |
   |                    '----- no answer ------'            one call at a time fails -'   |
   '------------------------------- one call is answered ---------------------------------'
"""

from dataclasses import dataclass
from enum import Enum, auto

FIRST_EJECTION_S, LONGEST_EJECTION_S = 0.5, 15.0
"""Each ejection without a success since the last is twice as long."""
ASK_EVERY_S = 1.0
"""Pause before a server that did not answer is probed again."""


class AttemptOutcome(Enum):
    """How a call of a server ended, as far as that says something about the server."""

    ANSWERED = auto()
    """With a result, or with an error that is the request's."""
    UNREACHABLE = auto()
    """No server is there, or it is about to end."""
    LATE = auto()
    """It took so much longer than calls like it that another server was asked too."""
    BROKEN = auto()
    """An error of the server's own."""
    FULL = auto()
    """It refused: it has as much work as it accepts, and is healthy."""
    LACKING = auto()
    """It is healthy, but lacks the model in this version."""
    UNKNOWN = auto()
    """The call was given up too early to tell."""


FAILURES_TO_EJECT = {AttemptOutcome.UNREACHABLE: 1, AttemptOutcome.LATE: 2, AttemptOutcome.BROKEN: 5}
"""In a row. A server that fails at once always has the least work and would attract all calls."""


class ServerState(Enum):
    """Whether a server gets calls."""

    IN_USE = auto()
    EJECTED = auto()
    ON_TRIAL = auto()


@dataclass
class ServerHealth:
    """The health of one server."""

    state: ServerState = ServerState.IN_USE
    until_s: float = 0.0
    """When an ejected server may be probed."""
    failures: int = 0
    """In a row."""
    ejections: int = 0
    """Without a success since the first."""

    def ended(self, outcome: AttemptOutcome, now_s: float, *, may_eject: bool) -> bool:
        """Counts a call that is over; returns whether the server is ejected because of it.

        Args:
            outcome: How the call ended.
            now_s: The time.
            may_eject: Whether enough other servers are left to do without one that still answers.
        """
        if outcome is AttemptOutcome.ANSWERED:
            # This may answer a call from before the ejection: the server still has to be probed.
            if self.state is not ServerState.EJECTED:
                self.state, self.failures, self.ejections = ServerState.IN_USE, 0, 0
            return False
        if outcome not in FAILURES_TO_EJECT or self.state is ServerState.EJECTED:
            return False
        self.failures += 1
        enough = self.state is ServerState.ON_TRIAL or self.failures >= FAILURES_TO_EJECT[outcome]
        if not enough or not (may_eject or outcome is AttemptOutcome.UNREACHABLE):
            return False
        self._eject(now_s)
        return True

    def due(self, now_s: float) -> bool:
        """Returns whether it is time to probe the server."""
        return self.state is ServerState.EJECTED and now_s >= self.until_s

    def probed(self, *, answered: bool, now_s: float) -> None:
        """Counts the result of a probe that was `due`."""
        if answered:
            self.state = ServerState.ON_TRIAL
        else:
            self.until_s = now_s + ASK_EVERY_S

    def _eject(self, now_s: float) -> None:
        self.state = ServerState.EJECTED
        self.until_s = now_s + min(FIRST_EJECTION_S * 2**self.ejections, LONGEST_EJECTION_S)
        self.ejections = min(self.ejections + 1, 10)
        self.failures = 0
