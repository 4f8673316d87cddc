"""Which server gets a call. Pure: the time and the random numbers are passed in.

Power of d choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): the
one with the least to do of d servers taken at random. With d the number of servers it is least
outstanding work; with few servers and one client that is better, with many clients of many servers
they would all run after the same one.
"""

from collections.abc import Sequence
from random import Random

from orchestrator.models.load import Load

COMPARED = 2
"""Servers that are compared for each call (benchmarks/balance.py)."""


def choose(loads: Sequence[Load], work: float, now_s: float, random: Random, *, compared: int = COMPARED) -> int:
    """Returns the index of the server that should get a call.

    Args:
        loads: Of the servers that may have it, at least one.
        work: Of the call, in the unit of `Load.work`.
        now_s: The time.
        random: Breaks ties, and draws those that are compared.
        compared: Servers that are compared.
    """
    drawn = random.sample(range(len(loads)), min(compared, len(loads)))
    return min(drawn, key=lambda index: loads[index].expected(work, now_s))
