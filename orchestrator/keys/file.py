"""The file of keys: JSON, which every tool can read.

    {"keys": [{"id": "3f9a61c2", "name": "shop", "sha256": "...", "scopes": ["detect"],
               "expires_at": "2027-01-01T00:00:00+00:00", "rps": 50, "burst": 100}]}

The last three may be absent. Unknown fields are refused: a misspelt `expires_at` would make a key that never expires.
"""

import json
import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.keys.entry import KeyEntry
from orchestrator.keys.scopes import SCOPES

_NEEDED = {"id", "name", "sha256", "scopes"}
_OPTIONAL = {"expires_at", "rps", "burst"}
_LARGEST_BYTES = 4 * 2**20
_MOST_RPS = 1_000_000


class KeysError(Exception):
    """The file of keys cannot be used; the message has the file, the key's place and what is expected."""


def read_keys(path: Path) -> dict[str, KeyEntry]:
    """Returns the entries by id.

    Raises:
        KeysError: The file is absent, cannot be read, or is not what the module says.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise KeysError(f"the file of keys {path} cannot be read: {err.strerror}") from err
    if len(data) > _LARGEST_BYTES:
        raise KeysError(f"the file of keys {path} has {len(data)} bytes, at most {_LARGEST_BYTES} are read")
    try:
        return parse_keys(data)
    except KeysError as err:
        raise KeysError(f"the file of keys {path} cannot be used: {err}") from err


def parse_keys(data: bytes) -> dict[str, KeyEntry]:
    """Returns the entries by id; see `read_keys`."""
    try:
        content = json.loads(data)
    except ValueError as err:
        # The error's own text is left out: it may quote a secret of the wrong file.
        raise KeysError("it is not JSON") from err
    if not isinstance(content, dict) or content.keys() != {"keys"} or not isinstance(content["keys"], list):
        raise KeysError('expected {"keys": [...]} and nothing else')
    found: dict[str, KeyEntry] = {}
    for index, fields in enumerate(content["keys"]):
        try:
            entry = _entry(fields)
        except ValueError as err:
            raise KeysError(f"key {index + 1} of {len(content['keys'])}: {err}") from err
        if entry.id in found:
            raise KeysError(f"key {index + 1} of {len(content['keys'])}: the id {entry.id} is there twice")
        found[entry.id] = entry
    return found


def dump_keys(entries: dict[str, KeyEntry]) -> bytes:
    """Returns the file's content for these entries."""
    return json.dumps({"keys": [as_json(entry) for entry in entries.values()]}, indent=2).encode() + b"\n"


def as_json(entry: KeyEntry) -> dict[str, Any]:
    """Returns the entry as the file holds it."""
    fields = {
        "id": entry.id,
        "name": entry.name,
        "sha256": entry.sha256,
        "scopes": [scope for scope in SCOPES if scope in entry.scopes],
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else None,
        "rps": entry.rps,
        "burst": entry.burst,
    }
    return {name: value for name, value in fields.items() if value is not None}


def check_rate(rps: float | None, burst: int | None) -> None:
    """Raises ValueError if a rate is out of its range, or there is a burst without a rate."""
    if rps is not None and not (_is_number(rps) and 0 < rps <= _MOST_RPS):
        raise ValueError(f"rps is {rps!r}, expected a number above 0, at most {_MOST_RPS}")
    if burst is not None and (rps is None or not (type(burst) is int and 1 <= burst <= _MOST_RPS)):
        raise ValueError(f"burst is {burst!r}, expected a whole number from 1 to {_MOST_RPS}, beside rps")


def check_scopes(scopes: list[str]) -> frozenset[str]:
    """Returns the scopes; raises ValueError if there is none, or an unknown one."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ValueError(f"the scopes are {', '.join(map(repr, scopes)) or 'none'}, known are {', '.join(SCOPES)}")
    return frozenset(scopes)


def check_name(name: object) -> str:
    """Returns the name; raises ValueError unless it has 1 to 64 printable characters."""
    if not (isinstance(name, str) and 1 <= len(name) <= 64 and name.isprintable()):
        raise ValueError("the name must have 1 to 64 printable characters")
    return name


def _entry(fields: Any) -> KeyEntry:
    if not isinstance(fields, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - its content is wrong, not our use
    missing, unknown = _NEEDED - fields.keys(), fields.keys() - _NEEDED - _OPTIONAL
    if missing or unknown:
        what = f"without {sorted(missing)}" if missing else f"with an unknown {sorted(unknown)}"
        raise ValueError(f"an entry {what}; known are {', '.join(sorted(_NEEDED | _OPTIONAL))}")
    for name, form in (("id", "[a-z0-9]{8}"), ("sha256", "[0-9a-f]{64}")):
        if not (isinstance(fields[name], str) and re.fullmatch(form, fields[name])):
            raise ValueError(f"{name} does not have the form {form}")
    scopes = fields["scopes"]
    if not (isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)):
        raise ValueError("scopes is not a list of names")
    check_rate(fields.get("rps"), fields.get("burst"))
    return KeyEntry(
        id=fields["id"],
        name=check_name(fields["name"]),
        sha256=fields["sha256"],
        scopes=check_scopes(scopes),
        expires_at=_time(fields.get("expires_at")),
        rps=fields.get("rps"),
        burst=fields.get("burst"),
    )


def _time(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"expires_at is {text!r}, expected a time with its zone, such as 2027-01-01T00:00:00+00:00")
    return moment


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
