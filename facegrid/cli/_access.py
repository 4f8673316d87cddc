"""How the commands that ask a service get in: where the API key is read, and what TLS is told."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import facegrid
from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from facegrid.client.sync import Client

_KEY_VARIABLE = "FACEGRID_API_KEY"
_TLS_FILES = {
    "ca": "authorities that may have signed the service's certificate (default: those of this system)",
    "cert": "your own certificate, where the service asks for one",
    "key": "its key",
}


def add_access(parser: argparse.ArgumentParser) -> None:
    """Adds `--api-key-file`, `--tls` and its kind. The key itself is no argument: all users could read it in `ps`."""
    group = parser.add_argument_group("access")
    group.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help=f"holds the API key and nothing else; else ${_KEY_VARIABLE}"
    )
    group.add_argument(
        "--tls",
        action=argparse.BooleanOptionalAction,
        help="encrypt the connection; with --no-tls send even a key without (default: $FACEGRID_TLS, 1 or 0)",
    )
    for name, text in _TLS_FILES.items():
        group.add_argument(f"--tls-{name}", metavar="FILE", help=f"{text}; else $FACEGRID_TLS_{name.upper()}")
    group.add_argument("--tls-server-name", metavar="NAME", help="the name in its certificate, if not the target's")


def connect(args: argparse.Namespace) -> "Client":
    """Returns a client of the service that the arguments name.

    Raises:
        UsageError: The file of the key is empty, or $FACEGRID_TLS is neither 0 nor 1.
        OSError: It cannot be read.
        InvalidOption: See `facegrid.connect`.
    """
    return facegrid.connect(args.target, api_key=api_key(args), tls=tls(args))


def api_key(args: argparse.Namespace) -> str | None:
    """Returns the key; None: there is none. Raises what `connect` does."""
    file: Path | None = args.api_key_file
    if file is None:
        return os.environ.get(_KEY_VARIABLE) or None
    key = file.read_text(encoding="ascii", errors="replace").strip()
    if not key:
        raise UsageError(f"{file} holds no API key; it is empty")
    return key


def tls(args: argparse.Namespace) -> "bool | facegrid.Tls | None":
    """Returns the TLS that is asked for, as `facegrid.connect` takes it. Raises what `connect` does."""
    if args.tls is False:
        return False
    given = {
        name: getattr(args, f"tls_{name}") or os.environ.get(f"FACEGRID_TLS_{name.upper()}") for name in _TLS_FILES
    }
    files = {f"{name}_file": path for name, path in given.items() if path}
    if args.tls or files or args.tls_server_name:
        return facegrid.Tls(**files, server_name=args.tls_server_name)
    switch = os.environ.get("FACEGRID_TLS", "")
    if switch not in {"", "0", "1"}:
        raise UsageError(f"FACEGRID_TLS is {switch!r}, expected is 1 or 0")
    return {"": None, "0": False, "1": True}[switch]
