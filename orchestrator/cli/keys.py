"""`facegrid keys`: who may ask the service; the operator's side of the API keys."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

FILE_VARIABLE = "FACEGRID_API_KEYS_FILE"

_EXAMPLES = """\
examples:
  facegrid keys new shop --scopes detect,recognise --expires 90d --rps 50 --file keys.json
  facegrid keys new admin --scopes manage --file keys.json > admin.key
  facegrid keys list --file keys.json
  facegrid keys revoke 3f9a61c2 --file keys.json

The file holds a hash of each key, not the key, which is printed once. A running service reads it again
within a second or two. Scopes: detect, recognise, manage, generate (docs/security.md).
Exit code: 0 done, 1 failed, 2 wrong usage.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `keys` with its sub-commands."""
    parser = subparsers.add_parser(
        "keys",
        help="make, list and revoke the API keys of a service",
        description="Keeps the file of API keys that the service reads.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = _add(commands, "new", "make a key, print it once, and add its hash to the file")
    new.add_argument("name", metavar="NAME", help="whose it is, for you to know; 1 to 64 characters")
    new.add_argument("--scopes", required=True, metavar="SCOPE,...", help="what it is for; see below")
    new.add_argument("--expires", metavar="TIME", help="after so long (90d, 12h, 30min) it is refused (default: never)")
    new.add_argument("--rps", type=float, metavar="X", help="requests per second of each replica (default: any)")
    new.add_argument("--burst", type=int, metavar="N", help="requests at once after a pause (default: those of 1 s)")
    _add(commands, "list", "show the keys of the file").add_argument("--json", action="store_true", help="for programs")
    _add(commands, "revoke", "remove keys from the file").add_argument(
        "ids", nargs="+", metavar="ID", help="see `list`"
    )


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary.capitalize() + ".",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--file", type=Path, metavar="FILE", help=f"the file of keys (default: ${FILE_VARIABLE})")
    parser.set_defaults(run=_runner(f"run_{name}"))
    return parser


def _runner(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        function: Callable[[argparse.Namespace], int] = getattr(import_module("orchestrator.cli._keys"), name)
        return function(args)

    return run
