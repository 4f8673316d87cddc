"""A key, and what the service keeps: everything but the key itself.

A key is `fg_ID_SECRET`. The ID finds its entry in one step. The SECRET has 256 random bits, so its SHA-256 can be kept.
A slow hash (bcrypt, argon2) makes guesses costly where people choose passwords, of which there are few. Here there is
nothing to guess, and a slow hash would help a flood of wrong keys.
"""

import hashlib
import hmac
import math
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

_KEY = re.compile(r"fg_([a-z0-9]{8})_[0-9a-f]{64}")
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, kw_only=True)
class KeyEntry:
    """One key of the file."""

    id: str
    """Eight lower-case letters and digits; part of the key, and no secret."""
    name: str
    """The owner, for people to read."""
    sha256: str
    """SHA-256 of the whole key, in hexadecimal digits."""
    scopes: frozenset[str]
    """Of `orchestrator.keys.scopes.SCOPES`."""
    expires_at: datetime | None = None
    """The time from which it is refused; None: it does not expire."""
    rps: float | None = None
    """Requests per second that each replica answers in the long run; None: any number."""
    burst: int | None = None
    """Requests answered at once after a pause; None: those of one second, at least one."""

    @property
    def most_at_once(self) -> int:
        """Requests answered at once after a pause, where they are counted."""
        return self.burst or max(1, math.ceil(self.rps or 0))

    def is_of(self, key: str) -> bool:
        """Returns whether this is the entry of the key; takes equally long whatever the key."""
        return hmac.compare_digest(self.sha256, digest(key))

    def has_expired(self, now: datetime | None = None) -> bool:
        """Returns whether the key has expired at `now`; None: at this moment."""
        return self.expires_at is not None and (now or datetime.now(UTC)) >= self.expires_at


def new_key() -> tuple[str, str]:
    """Returns the id of a new key, and the key, of which there is no other copy."""
    key_id = secrets.token_hex(4)
    return key_id, f"fg_{key_id}_{secrets.token_hex(32)}"


def digest(key: str) -> str:
    """Returns the digest that is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def id_of(key: str) -> str | None:
    """Returns the id in a key, or None if the text does not have the form of a key."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def is_unknown(key: str) -> bool:
    """Returns True for a key whose id is unknown, after as much time as `KeyEntry.is_of` takes."""
    return not hmac.compare_digest(_NO_DIGEST, digest(key))
