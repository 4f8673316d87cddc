"""Who did what to the gallery, without saying whom: one line of JSON for each change, beside the tables.

A line has the time, what was done, how many faces and chips it concerned, and a pseudonym of the subject: the
first 32 hexadecimal digits of HMAC-SHA256 of the name with a key that lies in the gallery. No name, vector
or picture is in it. Lines outlive the erasure of a subject, as proof that it happened (General Data
Protection Regulation, articles 5 (2) and 17 (3) e): who asks about a name that he knows is shown its lines,
and nobody can read names out of the file. Remove the key, and the pseudonyms mean nothing to anybody.
"""

import hashlib
import hmac
import json
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.gallery.failures import gallery_errors

_log = logging.getLogger(__name__)

AUDIT_FILE = "audit.jsonl"
KEY_FILE = "audit.key"


class Audit:
    """The log of one gallery. Whoever adds to it holds the gallery's lock.

    Args:
        folder: Of the gallery; None for an object store, whose files cannot be added to: lines go to the service's log.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def add(self, action: str, *, subject: str | None = None, **counts: int) -> None:
        """Notes what was done; the line is on disk when this returns.

        Raises:
            GalleryUnavailable: The file cannot be written.
        """
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "action": action}
        if subject is not None and self._folder is not None:
            line["subject"] = self.pseudonym(subject)
        text = json.dumps({**line, **counts})
        if self._folder is None:
            _log.info("audit %s", text)
            return
        with gallery_errors("written"):
            _append(self._folder / AUDIT_FILE, text.encode() + b"\n")

    def pseudonym(self, subject: str) -> str:
        """Returns what stands for a subject in the log of a folder.

        Raises:
            GalleryUnavailable: The key cannot be read or made.
        """
        if self._folder is None:
            raise ValueError("an object store has no pseudonyms")
        with gallery_errors("written"):
            path = self._folder / KEY_FILE
            if not path.exists():
                _append(path, secrets.token_bytes(32))
            return hmac.new(path.read_bytes(), subject.encode(), hashlib.sha256).hexdigest()[:32]


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
