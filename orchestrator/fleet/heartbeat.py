"""Which servers and orchestrators are alive: those whose records keep changing."""

import time
from collections.abc import Callable, Mapping
from typing import Generic

from orchestrator.fleet.records import Record, decode

HEARTBEAT_S = 0.5
"""Pause after which each server and orchestrator writes its record again."""
STALE_AFTER_S = 10.0
"""A record that has not changed for so long is of a process that died; calls have avoided it since the first failed."""


class HeartbeatTracker(Generic[Record]):
    """Separates live records, which keep changing, from stale ones, by this reader's own clock.

    So the clocks of other machines do not matter. A new reader trusts every record for `STALE_AFTER_S`.

    Args:
        kind: The record's class.
        clock: Seconds on a clock that only rises.
    """

    def __init__(self, kind: type[Record], clock: Callable[[], float] = time.monotonic) -> None:
        self._kind = kind
        self._clock = clock
        self._changed: dict[str, tuple[bytes, float]] = {}

    def update(self, values: Mapping[str, bytes]) -> dict[str, Record]:
        """Returns the live records by key.

        Args:
            values: All records in the store, by key.
        """
        now_s = self._clock()
        before = self._changed
        self._changed = {
            key: before[key] if key in before and before[key][0] == value else (value, now_s)
            for key, value in values.items()
        }
        return {
            key: decode(self._kind, value)
            for key, (value, changed_s) in self._changed.items()
            if now_s - changed_s <= STALE_AFTER_S
        }

    def forget(self) -> None:
        """Trusts every record again: for use after a time in which no record could be written."""
        self._changed.clear()
