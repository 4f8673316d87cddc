"""How long an item of a stream is worked on: from its turn to its answer, without the wait before it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class WorkTime:
    """The time of one item."""

    seconds: float = 0.0


_CURRENT: ContextVar[WorkTime | None] = ContextVar("work_time", default=None)


@contextmanager
def work_measured() -> Iterator[WorkTime]:
    """Gives the time of all work in the block, that of tasks which the block begins included."""
    time_of_block = WorkTime()
    token = _CURRENT.set(time_of_block)
    try:
        yield time_of_block
    finally:
        _CURRENT.reset(token)


@contextmanager
def work() -> Iterator[None]:
    """Counts the block as work, where that is measured."""
    measured = _CURRENT.get()
    started_s = time.monotonic()
    try:
        yield
    finally:
        if measured is not None:
            measured.seconds += time.monotonic() - started_s
