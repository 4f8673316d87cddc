"""The keys that are valid now: the file is read again when it has changed."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.keys.entry import KeyEntry, id_of, is_unknown
from orchestrator.keys.file import KeysError, read_keys
from orchestrator.keys.rate_limit import TokenBucket

_log = logging.getLogger(__name__)

RELOAD_S = 1.0
"""Least time between two looks at the file: a change takes effect after this time."""


class KeyRing:
    """Finds keys. A file that can no longer be used is logged, and the keys read before stay valid.

    A change is seen in the file that the name leads to: a file that is replaced, a link that points elsewhere (as
    Kubernetes updates a mounted Secret), and a file that is overwritten are all noticed.

    Args:
        path: The file; see `orchestrator.keys.file`.
        clock: Returns monotonic seconds.

    Raises:
        KeysError: The file cannot be used now. A service that needs keys does not start without them.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._stamp = stamp(path)
        self._entries = read_keys(path)
        self._looked_s = clock()
        self._buckets: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: str) -> KeyEntry | None:
        """Returns the entry of a key, expired or not; None if the key is unknown."""
        self._look()
        key_id = id_of(key)
        if key_id is None:
            return None
        entry = self._entries.get(key_id)
        if entry is None:
            is_unknown(key)  # takes the time of a comparison
            return None
        return entry if entry.is_of(key) else None

    def still_has(self, entry: KeyEntry) -> KeyEntry | None:
        """Returns the present entry of the same key; None if it was revoked."""
        self._look()
        now = self._entries.get(entry.id)
        return now if now is not None and now.sha256 == entry.sha256 else None

    def bucket(self, entry: KeyEntry) -> TokenBucket | None:
        """Returns the bucket of a key, the same one each time; None: its requests are not counted."""
        if entry.rps is None:
            return None
        bucket = self._buckets.get(entry.id)
        if bucket is None or (bucket.rps, bucket.burst) != (entry.rps, entry.most_at_once):
            bucket = self._buckets[entry.id] = TokenBucket(entry.rps, entry.most_at_once, self._clock)
        return bucket

    def _look(self) -> None:
        now_s = self._clock()
        if now_s - self._looked_s < RELOAD_S:
            return
        self._looked_s = now_s
        now = stamp(self._path)
        if now == self._stamp:
            return
        self._stamp = now
        try:
            self._entries = read_keys(self._path)
        except KeysError as err:
            _log.error("%s; the %d keys read before stay valid", err, len(self._entries))
            return
        self._buckets = {key_id: bucket for key_id, bucket in self._buckets.items() if key_id in self._entries}
        _log.info("read %d keys from %s", len(self._entries), self._path)


def stamp(path: Path) -> tuple[int, ...] | None:
    """Returns a value that changes when the file does, or the link to it; None: there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - each second, and Path's takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
