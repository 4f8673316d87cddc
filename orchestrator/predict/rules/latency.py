"""How long calls take: the recent times of each kind of call, over all servers. Pure: no clock, no I/O."""

from bisect import bisect_left, insort
from collections import deque

_KEPT = 256
"""Times of each kind of call that count; older ones are forgotten."""
_ENOUGH = 20
"""Fewer say nothing about the slowest percent."""


class Latencies:
    """The recent times of one kind of call."""

    def __init__(self) -> None:
        self._in_order: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, seconds: float) -> None:
        """Counts a call that was answered well."""
        self._in_order.append(seconds)
        insort(self._sorted, seconds)
        if len(self._in_order) > _KEPT:
            del self._sorted[bisect_left(self._sorted, self._in_order.popleft())]

    def quantile_s(self, share: float) -> float | None:
        """Returns the time within which that share of calls is answered; None while too few were."""
        if len(self._sorted) < _ENOUGH:
            return None
        return self._sorted[min(int(share * len(self._sorted)), len(self._sorted) - 1)]


class LatencyBook:
    """The recent times of every kind of call: a model, a signature, a size."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, int], Latencies] = {}

    def of(self, model: str, signature: str, rows: int) -> Latencies:
        """Returns the times of calls like this one: those whose number of rows is within a factor of two."""
        return self._kinds.setdefault((model, signature, rows.bit_length()), Latencies())
