r"""Make, list and revoke the API keys of a service.

Examples:
  facegrid keys new shop --scopes detect,recognise --expires 90d --rps 50 \
    --file keys.json
  facegrid keys new admin --scopes manage --file keys.json > admin.key
  facegrid keys list --file keys.json
  facegrid keys revoke 3f9a61c2 --file keys.json

The file holds a hash of each key, not the key, which is printed once. A running service reads it again within a second
or two. Scopes: detect, recognise, manage, generate (docs/security.md).

Exit code: 0 done, 1 failed, 2 wrong usage.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from facegrid.cli.command import command, group
from facegrid.cli.output import write_json, write_rows
from facegrid.cli.usage import UsageError
from facegrid.errors import FacegridError
from orchestrator.keys.entry import KeyEntry, digest, new_key
from orchestrator.keys.file import KeysError, as_json, check_name, check_rate, check_scopes, read_keys
from orchestrator.keys.store import add_key, remove_key

_FILE_VARIABLE = "FACEGRID_API_KEYS_FILE"
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=36_500)
_EXAMPLES = (__doc__ or "").partition("\nExamples:\n")[2]

_File = Annotated[Path | None, typer.Option("--file", metavar="FILE", envvar=_FILE_VARIABLE, help="the file of keys")]


def _doc(summary: str) -> str:
    return f"{summary}\n\nExamples:\n{_EXAMPLES}"


@command(_doc("Make a key, print it once, and add its hash to the file."))
def new(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="name of its holder, for your own use; 1 to 64 characters")
    ],
    scopes: Annotated[str, typer.Option(metavar="SCOPE,...", help="what the key is for; see below")],
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="time after which it is refused, such as 90d, 12h or 30min (default: never)"),
    ] = None,
    rps: Annotated[
        float | None, typer.Option(metavar="X", help="requests per second that each replica accepts (default: any)")
    ] = None,
    burst: Annotated[
        int | None, typer.Option(metavar="N", help="requests accepted at once after a pause (default: those of 1 s)")
    ] = None,
    file: _File = None,
) -> int:
    """Prints a new key on standard output, and nothing else there."""
    path = _required(file)
    key_id, key = new_key()
    try:
        check_rate(rps, burst)
        entry = KeyEntry(
            id=key_id,
            name=check_name(name),
            sha256=digest(key),
            scopes=check_scopes([scope.strip() for scope in scopes.split(",") if scope.strip()]),
            expires_at=_expiry(expires),
            rps=rps,
            burst=burst,
        )
    except ValueError as err:
        raise UsageError(str(err)) from err
    with _keys_errors():
        add_key(path, entry)
    sys.stdout.write(key + "\n")
    until = f"until {entry.expires_at:%Y-%m-%d %H:%M} UTC" if entry.expires_at else "and does not expire"
    sys.stderr.write(
        f"key {key_id} of {entry.name} is for {', '.join(sorted(entry.scopes))} {until}; its hash is in {path}.\n"
        "This is the only time that the key is shown.\n"
    )
    return 0


@command(_doc("Show the keys of the file."), name="list")
def list_(
    *, json_lines: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False, file: _File = None
) -> int:
    """Shows the entries, without their hashes, which are of no use to people."""
    with _keys_errors():
        entries = read_keys(_required(file))
    if json_lines:
        for entry in entries.values():
            fields = {name: value for name, value in as_json(entry).items() if name != "sha256"}
            write_json({**fields, "expired": entry.has_expired()})
        return 0
    write_rows(("id", "name", "scopes", "expires (UTC)", "requests/s"), [_row(entry) for entry in entries.values()])
    return 0


@command(_doc("Remove keys from the file."))
def revoke(*, ids: Annotated[list[str], typer.Argument(metavar="ID", help="see `list`")], file: _File = None) -> int:
    """Removes entries; stops at the first that is not there."""
    for key_id in ids:
        with _keys_errors():
            removed = remove_key(_required(file), key_id)
        sys.stderr.write(f"revoked {removed.id} of {removed.name}\n")
    return 0


keys = group(__doc__, [new, list_, revoke], name="keys")


def _row(entry: KeyEntry) -> list[str]:
    expires = f"{entry.expires_at.astimezone(UTC):%Y-%m-%d %H:%M}" if entry.expires_at else "never"
    rate = f"{entry.rps:g}, {entry.most_at_once} at once" if entry.rps else "any"
    expired = " (expired)" if entry.has_expired() else ""
    return [entry.id, entry.name, ", ".join(sorted(entry.scopes)), expires + expired, rate]


def _required(file: Path | None) -> Path:
    if file is None:
        raise UsageError(f"name the file of keys with --file, or set {_FILE_VARIABLE}")
    return file


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6})(min|h|d)", text)
    length = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise UsageError(f"--expires is {text!r}, expected a time such as 90d, 12h or 30min, up to {_LONGEST.days}d")
    return (datetime.now(UTC) + length).replace(microsecond=0)


@contextmanager
def _keys_errors() -> Iterator[None]:
    """Turns what is wrong with the file into an error that the command line shows."""
    try:
        yield
    except KeysError as err:
        raise FacegridError(str(err)) from err
