"""Which server gets a call. Pure: the time and the random numbers are passed in.

Power of d choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): of d servers drawn at
random, the one with the least work. With up to d servers this is least outstanding work, which is better
(benchmarks/reliability/balance.py); with more servers, clients that do not know each other do not all choose the same.
"""

from collections.abc import Sequence
from random import Random

from orchestrator.predict.rules.load_estimate import LoadEstimate

COMPARED = 8
"""Servers that are compared for each call."""


def choose(
    loads: Sequence[LoadEstimate], work: float, now_s: float, random: Random, *, compared: int = COMPARED
) -> int:
    """Returns the index of the server that should get a call.

    Args:
        loads: Of the servers that may have it, at least one.
        work: Of the call, in the unit of `LoadEstimate.work`.
        now_s: The time.
        random: Breaks ties, and draws those that are compared.
        compared: Servers that are compared.
    """
    drawn = random.sample(range(len(loads)), min(compared, len(loads)))
    return min(drawn, key=lambda index: loads[index].expected(work, now_s))
