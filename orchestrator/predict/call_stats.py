"""How the calls of one version of a network went: failures, and a histogram of times that can be added up."""

import math
from collections.abc import Iterable, Sequence

_FIRST_S = 0.001
_GROWTH = 1.1
_BUCKETS = 120
"""Bounds from 1 ms to 93 s, each 10 % above the one before: a quantile is as exact as that."""


class CallStats:
    """Calls that were answered, by time, and calls that failed.

    Args:
        counts: The result of `counts`; None: no calls.
    """

    def __init__(self, counts: Sequence[int] | None = None) -> None:
        self.errors, *self._buckets = counts or [0] * (_BUCKETS + 1)

    @property
    def calls(self) -> int:
        """Number of calls, including failed ones."""
        return self.errors + sum(self._buckets)

    @property
    def error_rate(self) -> float:
        """Share of calls that failed, range [0, 1]; 0 without calls."""
        return self.errors / self.calls if self.calls else 0.0

    def answered(self, seconds: float) -> None:
        """Counts a call that was answered after so long."""
        steps = math.ceil(math.log(max(seconds, _FIRST_S) / _FIRST_S, _GROWTH))
        self._buckets[min(steps, _BUCKETS - 1)] += 1

    def failed(self) -> None:
        """Counts a call that failed."""
        self.errors += 1

    def quantile_s(self, share: float) -> float:
        """Returns the time within which that share of the answers came, rounded up to its bucket; nan without answers.

        Args:
            share: Range (0, 1].
        """
        wanted = math.ceil(share * sum(self._buckets))
        below = 0
        for step, count in enumerate(self._buckets):
            below += count
            if count and below >= wanted:
                return float(_FIRST_S * _GROWTH**step)
        return math.nan

    def counts(self) -> list[int]:
        """Returns the numbers that can be stored and passed to the constructor: failures, then answers by bucket."""
        return [self.errors, *self._buckets]


def merge(parts: Iterable[CallStats]) -> CallStats:
    """Returns the statistics of all calls together."""
    return CallStats([sum(column) for column in zip(*(one.counts() for one in parts), strict=True)] or None)
