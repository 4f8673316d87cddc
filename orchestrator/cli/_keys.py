"""What `facegrid keys` does; the file is kept by `orchestrator.keys`."""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from facegrid.cli._report import write_json, write_rows
from facegrid.cli.usage import UsageError
from facegrid.errors import FacegridError
from orchestrator.cli.keys import FILE_VARIABLE
from orchestrator.keys.entry import KeyEntry, digest, new_key
from orchestrator.keys.file import KeysError, as_json, check_name, check_rate, check_scopes, read_keys
from orchestrator.keys.store import add_key, remove_key

_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=36_500)


def run_new(args: argparse.Namespace) -> int:
    """Prints a new key on standard output, and nothing else there."""
    path = _file(args)
    key_id, key = new_key()
    try:
        check_rate(args.rps, args.burst)
        entry = KeyEntry(
            id=key_id,
            name=check_name(args.name),
            sha256=digest(key),
            scopes=check_scopes([scope.strip() for scope in args.scopes.split(",") if scope.strip()]),
            expires_at=_expiry(args.expires),
            rps=args.rps,
            burst=args.burst,
        )
    except ValueError as err:
        raise UsageError(str(err)) from err
    with _one_sentence():
        add_key(path, entry)
    sys.stdout.write(key + "\n")
    until = f"until {entry.expires_at:%Y-%m-%d %H:%M} UTC" if entry.expires_at else "and does not expire"
    sys.stderr.write(
        f"key {key_id} of {entry.name} is for {', '.join(sorted(entry.scopes))} {until}; its hash is in {path}.\n"
        "This is the only time that the key is shown.\n"
    )
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Shows the entries, without their hashes, which are of no use to people."""
    with _one_sentence():
        entries = read_keys(_file(args))
    if args.json:
        for entry in entries.values():
            fields = {name: value for name, value in as_json(entry).items() if name != "sha256"}
            write_json({**fields, "expired": entry.has_expired()})
        return 0
    write_rows(("id", "name", "scopes", "expires (UTC)", "requests/s"), [_row(entry) for entry in entries.values()])
    return 0


def run_revoke(args: argparse.Namespace) -> int:
    """Removes entries; stops at the first that is not there."""
    for key_id in args.ids:
        with _one_sentence():
            removed = remove_key(_file(args), key_id)
        sys.stderr.write(f"revoked {removed.id} of {removed.name}\n")
    return 0


def _row(entry: KeyEntry) -> list[str]:
    expires = f"{entry.expires_at.astimezone(UTC):%Y-%m-%d %H:%M}" if entry.expires_at else "never"
    rate = f"{entry.rps:g}, {entry.most_at_once} at once" if entry.rps else "any"
    expired = " (expired)" if entry.has_expired() else ""
    return [entry.id, entry.name, ", ".join(sorted(entry.scopes)), expires + expired, rate]


def _file(args: argparse.Namespace) -> Path:
    chosen = args.file or os.environ.get(FILE_VARIABLE)
    if not chosen:
        raise UsageError(f"name the file of keys with --file, or set {FILE_VARIABLE}")
    return Path(chosen)


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6})(min|h|d)", text)
    length = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise UsageError(f"--expires is {text!r}, expected is a time such as 90d, 12h or 30min, up to {_LONGEST.days}d")
    return (datetime.now(UTC) + length).replace(microsecond=0)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turns what is wrong with the file into an error that the command line shows."""
    try:
        yield
    except KeysError as err:
        raise FacegridError(str(err)) from err
