"""The audit log: one line of JSON for each change of the gallery, beside the tables, without names.

A line has the time, the action, the number of faces and chips, and a pseudonym of the subject: the first 32 hexadecimal
digits of HMAC-SHA256 of the name, with a key that lies in the gallery. It has no name, vector or picture. Lines outlive
the erasure of a subject, as proof that it happened (General Data Protection Regulation, articles 5 (2) and 17 (3) e).
The lines of a known name can be found; names cannot be read from the file. Without the key, the pseudonyms have no
meaning.
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
    """The log of one gallery. Callers of `add` hold the gallery's lock.

    Args:
        folder: The gallery's folder. None: an object store, where files cannot be appended to; lines go to the
            service's log.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def add(self, action: str, *, subject: str | None = None, **counts: int) -> None:
        """Writes a line; it is on disk when this returns.

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
        """Returns the pseudonym of a subject, for a gallery in a folder.

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
