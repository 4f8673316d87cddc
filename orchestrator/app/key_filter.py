"""Has HAProxy refuse calls with unknown keys, so that they do not reach the service.

Refusing a call costs the service about as much as answering one that needs no work, and costs HAProxy a small part of
that (`python -m benchmarks.speed.keys`). So a flood of wrong keys does not take the time of valid calls. HAProxy gets
the content of the file of keys, the SHA-256 of each. The service decides on scopes, expiry and rates, and checks keys
itself too, since not every call comes through HAProxy.
"""

import logging
from pathlib import Path

from orchestrator.app.haproxy_admin import HAProxyRefused, renew_map
from orchestrator.keys.file import KeysError, read_keys
from orchestrator.keys.guard import NO_KEY, UNKNOWN_KEY
from orchestrator.keys.ring import stamp

_log = logging.getLogger(__name__)

_RULES = """\
    acl keys_are_asked_for path_beg /facegrid.v1.
    acl there_is_a_key req.fhdr(authorization) -m found
    acl the_key_is_known req.fhdr(authorization),word(2,' '),sha2(256),hex,lower,map_str({map_file}) -m found
    http-request return status 200 {refusal} hdr grpc-message "{no_key}" if keys_are_asked_for !there_is_a_key
    http-request return status 200 {refusal} hdr grpc-message "{unknown}" if keys_are_asked_for !the_key_is_known
"""
_REFUSAL = "hdr content-type application/grpc hdr grpc-status 16"  # UNAUTHENTICATED, and no message: the call ends here


class KeyFilter:
    """The keys that HAProxy admits, kept equal to the file.

    Args:
        keys_file: The file of keys; see `orchestrator.keys.file`.
        map_file: Where HAProxy reads them at its start; the caller writes `content` there first.

    Raises:
        KeysError: The file of keys cannot be used.
    """

    def __init__(self, keys_file: Path, map_file: Path) -> None:
        self._keys_file = keys_file
        self._map_file = map_file
        self._stamp = stamp(keys_file)
        self._lines = _lines(keys_file)

    @property
    def content(self) -> bytes:
        """The content of `map_file`."""
        return b"".join(line + b"\n" for line in self._lines)

    @property
    def rules(self) -> str:
        """The lines for the frontend of HAProxy's configuration."""
        texts = {"no_key": NO_KEY, "unknown": UNKNOWN_KEY}
        details = {name: f"UNAUTHENTICATED: {text}" for name, text in texts.items()}
        return _RULES.format(map_file=self._map_file, refusal=_REFUSAL, **details)

    def look(self, admin_socket: Path) -> None:
        """Updates HAProxy's keys if the file has changed; a file that cannot be used is only logged."""
        now = stamp(self._keys_file)
        if now == self._stamp:
            return
        self._stamp = now
        try:
            lines = _lines(self._keys_file)
            renew_map(admin_socket, self._map_file, lines)
        except KeysError as err:
            _log.error("%s; the %d keys read before stay valid", err, len(self._lines))
        except (HAProxyRefused, OSError) as err:
            self._stamp = None  # try again at the next look
            _log.error("HAProxy did not accept the new keys: %s", err)
        else:
            self._lines = lines
            _log.info("read %d keys from %s", len(lines), self._keys_file)


def _lines(keys_file: Path) -> list[bytes]:
    return [f"{entry.sha256} {entry.id}".encode() for entry in read_keys(keys_file).values()]
