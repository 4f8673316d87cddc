"""When another server is asked although the first may still answer. Pure.

Kept by hand: gRPC for Python has no hedging, and where gRPC has it, the delay is fixed and not learnt from the calls.

A second server is always asked where a call takes so long that its server must be frozen, or its network cut. Where a
percentage is set, it is also asked for the slowest calls (Dean and Barroso, "The Tail at Scale", 2013). The first
answer counts. Either way a repeat is taken from the budget of repeats.
"""

from orchestrator.predict.rules.latency import Latencies

_LATE_FACTOR = 2.0
"""A call is late after this many times the slowest percent of calls like it; a second server makes it three times."""
_LEAST_LATE_S = 0.05
"""No call is late before that: a pause of the machine is not the server's fault."""


def late_s(latencies: Latencies, left_s: float) -> float:
    """Returns after how many seconds a call is late.

    Args:
        latencies: Of calls like it.
        left_s: Until its deadline; half of it is kept for another server where that can make it.
    """
    slowest_s = latencies.quantile_s(0.99)
    if slowest_s is None:
        return left_s / 2
    return min(max(_LATE_FACTOR * slowest_s, _LEAST_LATE_S), max(left_s / 2, slowest_s))


def patience_s(latencies: Latencies, left_s: float, hedged_percent: float) -> float:
    """Returns after how many seconds a second server is asked.

    Args:
        latencies: Of calls like it.
        left_s: Until its deadline.
        hedged_percent: Slowest calls that are sent twice, in percent; 0: only late ones are.
    """
    late = late_s(latencies, left_s)
    slow_s = latencies.quantile_s(1 - hedged_percent / 100) if hedged_percent else None
    return late if slow_s is None else min(late, slow_s)
