"""Logs refused calls: the first at once, then their number, at most once a minute."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from facegrid.errors import FacegridError

_log = logging.getLogger(__name__)

_PAUSE_S = 60.0
"""Pause between two lines: a flood of wrong keys must not become a flood of lines."""


class Refusals:
    """Counts refused calls by reason. Keys, and other data of callers, are not kept.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._said_s = -_PAUSE_S

    def count(self, error: FacegridError) -> None:
        """Adds a call that was refused with `error`."""
        self._counts[error.reason] += 1
        now_s = self._clock()
        if now_s - self._said_s >= _PAUSE_S:
            _log.warning("refused calls: %s", ", ".join(f"{n} {reason}" for reason, n in sorted(self._counts.items())))
            self._counts.clear()
            self._said_s = now_s
