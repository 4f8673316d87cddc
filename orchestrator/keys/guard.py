"""Admits calls by the API key in their metadata, before their messages are decoded."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from facegrid.errors import FacegridError, InternalError, PermissionDenied, RateLimited, Unauthenticated
from orchestrator.keys.entry import KeyEntry
from orchestrator.keys.refusals import Refusals
from orchestrator.keys.ring import RELOAD_S, KeyRing
from orchestrator.keys.scopes import SCOPE_OF

_log = logging.getLogger(__name__)

NO_KEY = "this service asks for an API key, in the metadata `authorization: Bearer KEY`"
UNKNOWN_KEY = "the API key is not one of this service; it is mistyped, or was revoked"

_HEADER = "authorization"
_SCHEME = "bearer "
_LONGEST_HEADER = 200

CallMetadata = Iterable[tuple[str, str | bytes]]


class Guard:
    """Admits or refuses calls.

    Args:
        ring: The keys; None: every call is admitted.
    """

    def __init__(self, ring: KeyRing | None) -> None:
        self._ring = ring
        self._refusals = Refusals()

    def admit(self, method: str, metadata: CallMetadata) -> "AdmittedCall":
        """Returns an admitted call; its request counts against the key's rate.

        Args:
            method: Name of the method, such as Detect.
            metadata: The call's metadata.

        Raises:
            Unauthenticated: There is no key, or it is not valid.
            PermissionDenied: The key lacks the scope.
            RateLimited: The key has sent too many requests.
        """
        if self._ring is None:
            return AdmittedCall(None, None, method)
        try:
            entry = self._identify(self._ring, metadata)
            _require(entry, method)
            bucket = self._ring.bucket(entry)
            if bucket is not None and (wait_s := bucket.take()) > 0:
                raise _too_often(entry, wait_s)
        except FacegridError as err:
            self._refusals.count(err)
            raise
        return AdmittedCall(self._ring, entry, method)

    @staticmethod
    def _identify(ring: KeyRing, metadata: CallMetadata) -> KeyEntry:
        entry = ring.find(_bearer(metadata))
        if entry is None:
            raise Unauthenticated(UNKNOWN_KEY)
        return entry


class AdmittedCall:
    """One call that was admitted."""

    def __init__(self, ring: KeyRing | None, entry: KeyEntry | None, method: str) -> None:
        self._ring = ring
        self._entry = entry
        self._method = method

    def requests(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Returns the messages of a stream. Each counts as a request, and comes when the key's rate allows it.

        Raises:
            Unauthenticated, PermissionDenied: The key has expired, or was revoked or narrowed, since then. This is
                seen before the next message is passed on, or within little more than `RELOAD_S` if none comes.
        """
        if self._ring is None or self._entry is None:
            return requests
        return self._counted(requests, self._ring, self._entry)

    async def _counted(self, requests: AsyncIterator[Any], ring: KeyRing, entry: KeyEntry) -> AsyncIterator[Any]:
        paid = True  # `Guard.admit` has counted the first message
        coming: asyncio.Future[Any] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(requests, None))
                await asyncio.wait({coming}, timeout=RELOAD_S)
                entry = self._require_still(ring, entry)
                if not coming.done():
                    continue
                message, coming = coming.result(), None
                if message is None:
                    return
                if not paid and message.WhichOneof("message") != "end":
                    entry = await self._pay(ring, entry)
                paid = False
                yield message
        finally:
            if coming is not None:
                coming.cancel()

    async def _pay(self, ring: KeyRing, entry: KeyEntry) -> KeyEntry:
        """Waits until the key's rate allows one more request; returns the key's present entry."""
        bucket = ring.bucket(entry)
        left_s = bucket.reserve() if bucket is not None else 0.0
        while left_s > 0:
            await asyncio.sleep(min(left_s, RELOAD_S))
            left_s -= RELOAD_S
            entry = self._require_still(ring, entry)
        return entry

    def _require_still(self, ring: KeyRing, entry: KeyEntry) -> KeyEntry:
        now = ring.still_has(entry)
        if now is None:
            raise Unauthenticated(f"the API key {entry.id} has been revoked")
        _require(now, self._method)
        return now


def open_guard(path: str) -> Guard:
    """Returns the guard with the keys of a file. With an empty path, every call is admitted, and the log says so.

    Raises:
        KeysError: The file cannot be used.
    """
    if not path:
        _log.warning("no API keys are needed: any caller that reaches this service may use it (FACEGRID_API_KEYS_FILE)")
        return Guard(None)
    ring = KeyRing(Path(path))
    _log.info("callers need one of %d API keys", len(ring))
    return Guard(ring)


def _bearer(metadata: CallMetadata) -> str:
    values = [value for name, value in metadata if name.lower() == _HEADER]
    if not values:
        raise Unauthenticated(NO_KEY)
    value = values[0]
    if len(values) > 1 or not isinstance(value, str) or len(value) > _LONGEST_HEADER:
        raise Unauthenticated(f"the metadata `authorization` is there {len(values)} times, or too long for a key")
    if not value.lower().startswith(_SCHEME):
        raise Unauthenticated("the metadata `authorization` must be `Bearer KEY`")
    return value[len(_SCHEME) :].strip()


def _require(entry: KeyEntry, method: str) -> None:
    """Raises the error for a known key that may not call the method."""
    if entry.has_expired():
        raise Unauthenticated(f"the API key {entry.id} expired at {entry.expires_at}; ask for a new one")
    scope = SCOPE_OF.get(method)
    if scope is None:
        raise InternalError(f"the method {method} has no scope")
    if scope not in entry.scopes:
        raise PermissionDenied(
            f"the API key {entry.id} is for {', '.join(sorted(entry.scopes))}, and {method} needs {scope}"
        )


def _too_often(entry: KeyEntry, wait_s: float) -> RateLimited:
    return RateLimited(
        f"the API key {entry.id} may ask {entry.rps:g} times a second, {entry.most_at_once} at once; "
        f"try again in {max(wait_s, 0.001):.3f} s"
    )
