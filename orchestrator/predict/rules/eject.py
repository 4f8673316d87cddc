"""When a server gets no calls, and when it gets them again. Pure: the time is passed in.

in use --failures--> ejected --time over--> asked (no caller's request) --answers--> on trial
   ^                    ^                      |                                      |   |
   |                    '----- no answer ------'            one call at a time fails -'   |
   '------------------------------- one call is answered ---------------------------------'
"""

from dataclasses import dataclass
from enum import Enum, auto

FIRST_EJECTION_S, LONGEST_EJECTION_S = 0.5, 15.0
"""Each ejection without a success since the last is twice as long."""
ASK_EVERY_S = 1.0
"""Pause before a server that did not answer is asked again."""


class AttemptOutcome(Enum):
    """How a call of a server ended, as far as that says something about the server."""

    ANSWERED = auto()
    """With a result, or with an error that is the request's."""
    UNREACHABLE = auto()
    """Nobody is there, or it is about to go."""
    LATE = auto()
    """It took so much longer than calls like it that another server was asked too."""
    BROKEN = auto()
    """An error of the server's own."""
    FULL = auto()
    """It refused: it has as much as it takes, and is well."""
    LACKING = auto()
    """It is well, but does not have the model in this version, or not yet."""
    UNKNOWN = auto()
    """The call was given up before anything could be told."""


FAILURES_TO_EJECT = {AttemptOutcome.UNREACHABLE: 1, AttemptOutcome.LATE: 2, AttemptOutcome.BROKEN: 5}
"""In a row. A server that fails at once has always the least to do and would draw all calls."""


class ServerState(Enum):
    """Whether a server gets calls."""

    IN_USE = auto()
    EJECTED = auto()
    ON_TRIAL = auto()


@dataclass
class ServerHealth:
    """What is known of one server's health."""

    state: ServerState = ServerState.IN_USE
    until_s: float = 0.0
    """When an ejected server may be asked again."""
    failures: int = 0
    """In a row."""
    ejections: int = 0
    """Without a success since the first."""

    def ended(self, outcome: AttemptOutcome, now_s: float, *, may_eject: bool) -> bool:
        """Counts a call that is over; returns whether the server is ejected because of it.

        Args:
            outcome: How the call ended.
            now_s: The time.
            may_eject: Whether enough others are left to do without a server that still answers.
        """
        if outcome is AttemptOutcome.ANSWERED:
            # The answer to a call of before the ejection, perhaps: the server still has to be asked.
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
        """Returns whether it is time to ask the server whether it is there again."""
        return self.state is ServerState.EJECTED and now_s >= self.until_s

    def asked(self, *, answered: bool, now_s: float) -> None:
        """Counts the answer of a server that was asked because it was `due`."""
        if answered:
            self.state = ServerState.ON_TRIAL
        else:
            self.until_s = now_s + ASK_EVERY_S

    def _eject(self, now_s: float) -> None:
        self.state = ServerState.EJECTED
        self.until_s = now_s + min(FIRST_EJECTION_S * 2**self.ejections, LONGEST_EJECTION_S)
        self.ejections = min(self.ejections + 1, 10)
        self.failures = 0
