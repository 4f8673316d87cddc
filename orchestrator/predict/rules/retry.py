"""Whether a call that failed is sent to another server, and when. Pure: random numbers are passed in.

Repeats are limited to a share of all calls, as in Google's "Site Reliability Engineering", chapter 22: where most calls
fail, repeating them all multiplies the load that made them fail.
"""

from random import Random

from orchestrator.predict.rules.eject import AttemptOutcome

MAX_ATTEMPTS = 4
"""Servers that are asked for one answer, at most."""
RETRIED = frozenset({AttemptOutcome.UNREACHABLE, AttemptOutcome.FULL, AttemptOutcome.LACKING})
"""After these another server may answer. A repeat is always safe: networks keep no state."""

_SHARE = 0.2
"""Repeats for each call, in the long run."""
_RESERVE = 64.0
"""Repeats in a burst: as many as the calls under way on a few servers that die together."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5


class RetryBudget:
    """How many more calls may be repeated."""

    def __init__(self) -> None:
        self._left = _RESERVE

    def called(self) -> None:
        """Counts a call, not a repeat."""
        self._left = min(self._left + _SHARE, _RESERVE)

    def take(self) -> bool:
        """Returns whether a call may be repeated now, and counts the repeat."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def pause_s(attempts: int, random: Random) -> float:
    """Returns how long to wait after that many failed attempts: the second server is asked at once.

    Full jitter (Brooker, "Exponential Backoff And Jitter", 2015), so that calls that failed together do not come back
    together.
    """
    if attempts < 2:
        return 0.0
    return random.uniform(0, min(_FIRST_PAUSE_S * 2 ** (attempts - 1), _LONGEST_PAUSE_S))
