"""The record of a run: a few numbers for each call, and percentiles over all calls.

Every call is kept (28 bytes each), so that percentiles are exact; a histogram would round them.
"""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

OK = "OK"
PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True)
class Percentiles:
    """Times of some calls in milliseconds."""

    count: int
    mean_ms: float
    ms: dict[float, float]
    """By percentile: the least time that at least so many percent of the calls did not exceed (nearest rank)."""
    max_ms: float


@dataclass
class Calls:
    """Calls in the order of their answers. Times are in seconds from the start of the run."""

    kinds: Sequence[str]
    """Names of the request templates; a call has an index into it."""
    due_s: "array[float]" = field(default_factory=lambda: array("d"))
    """When it was meant to be sent."""
    sent_s: "array[float]" = field(default_factory=lambda: array("d"))
    done_s: "array[float]" = field(default_factory=lambda: array("d"))
    kind: "array[int]" = field(default_factory=lambda: array("H"))
    outcome: "array[int]" = field(default_factory=lambda: array("H"))
    outcomes: list[str] = field(default_factory=lambda: [OK])
    """Names of outcomes: OK, or the gRPC code and, where the service said so, the reason."""

    def __len__(self) -> int:
        return len(self.due_s)

    def add(self, kind: int, outcome: str, due_s: float, sent_s: float, done_s: float) -> None:
        """Adds a call."""
        if outcome not in self.outcomes:
            self.outcomes.append(outcome)
        self.due_s.append(due_s)
        self.sent_s.append(sent_s)
        self.done_s.append(done_s)
        self.kind.append(kind)
        self.outcome.append(self.outcomes.index(outcome))

    def after(self, start_s: float) -> "Calls":
        """Returns the calls that were due from `start_s` on: those after a warm-up."""
        kept = Calls(self.kinds)
        for index, due_s in enumerate(self.due_s):
            if due_s >= start_s:
                outcome = self.outcomes[self.outcome[index]]
                kept.add(self.kind[index], outcome, due_s, self.sent_s[index], self.done_s[index])
        return kept

    def latencies_ms(self, *, ok: bool = True, kind: int | None = None) -> list[float]:
        """Returns the times from when a call was due to its answer, ascending.

        Args:
            ok: Whether of the calls that succeeded, or of the others.
            kind: Of the calls with this index only.
        """
        rows = zip(self.due_s, self.done_s, self.kind, self.outcome, strict=True)
        return sorted(
            (done_s - due_s) * 1000
            for due_s, done_s, of_kind, outcome in rows
            if (outcome == 0) == ok and kind in {None, of_kind}
        )

    def late_ms(self) -> list[float]:
        """Returns how much later than due each call was sent, ascending: what the sender itself adds to the times."""
        return sorted((sent - due) * 1000 for sent, due in zip(self.sent_s, self.due_s, strict=True))

    def count_outcomes(self) -> dict[str, int]:
        """Returns the number of calls of each outcome, the most frequent first."""
        return {self.outcomes[index]: count for index, count in Counter(self.outcome).most_common()}


def percentiles(ascending_ms: Sequence[float]) -> Percentiles | None:
    """Returns the percentiles of ascending times; None where there are no times."""
    if not ascending_ms:
        return None
    return Percentiles(
        count=len(ascending_ms),
        mean_ms=math.fsum(ascending_ms) / len(ascending_ms),
        ms={percent: ascending_ms[_rank(percent, len(ascending_ms))] for percent in PERCENTILES},
        max_ms=ascending_ms[-1],
    )


def _rank(percent: float, count: int) -> int:
    # 99.9 is not a binary fraction: of 1000 times this must be the 999th, not the 1000th.
    return max(math.ceil(round(percent * count / 100, 9)) - 1, 0)
