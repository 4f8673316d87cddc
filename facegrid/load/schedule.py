"""When the calls of an open loop are sent: at times that do not depend on the answers."""

import random
from collections.abc import Iterator
from itertools import count


def arrivals_s(kind: str, rps: float, duration_s: float, *, seed: int = 0) -> Iterator[float]:
    """Yields the times of the calls in seconds from the start, ascending, below `duration_s`.

    Args:
        kind: "poisson": independent of each other, like those of many callers; "constant": evenly spaced.
        rps: Calls per second, above 0.
        duration_s: Length of the run.
        seed: Seed of the random times; equal seeds give equal times.
    """
    if kind == "constant":
        yield from _until(duration_s, (index / rps for index in count()))
        return
    draw = random.Random(seed)
    yield from _until(duration_s, _sums(draw, rps))


def _sums(draw: random.Random, rps: float) -> Iterator[float]:
    at_s = 0.0
    while True:
        at_s += draw.expovariate(rps)
        yield at_s


def _until(end_s: float, times_s: Iterator[float]) -> Iterator[float]:
    for at_s in times_s:
        if at_s >= end_s:
            return
        yield at_s
