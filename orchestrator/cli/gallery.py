"""`facegrid gallery`: what the operator of a gallery does with it, on its files, the service running or not."""

import argparse
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from facegrid.cli.usage import UsageError

_EXAMPLES = {
    "stats": "facegrid gallery stats",
    "export": "facegrid gallery export people.parquet",
    "import": "facegrid gallery import people.parquet --gallery s3://bucket/people",
    "reembed": "facegrid gallery reembed --version 2 --model-server 127.0.0.1:8500",
    "tidy": "facegrid gallery tidy --gallery /srv/gallery",
}

_EXIT_CODES = "\nExit code: 0 done, 1 failed, 2 wrong usage.\n"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `gallery` with its sub-commands."""
    parser = subparsers.add_parser(
        "gallery",
        help="look after the gallery: size, backup, move to another embedder",
        description="Looks after the gallery, on its files: the service may be running or not.",
        epilog=_epilog(*_EXAMPLES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(commands, "stats", "show how much it holds").add_argument("--json", action="store_true", help="for programs")
    export = _add(commands, "export", "write all faces to a Parquet file")
    export.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="where to; an earlier file is replaced; it holds faces: keep it as you keep the gallery",
    )
    read = _add(commands, "import", "add the faces of an exported file")
    read.add_argument("file", type=Path, metavar="FILE", help="what `export` wrote")
    _add(commands, "tidy", "join small files, see to the index, remove what is not needed any more")
    reembed = _add(commands, "reembed", "move to another version of the embedder, from the stored chips")
    reembed.add_argument("--version", type=int, required=True, metavar="N", help="the version to move to")
    reembed.add_argument(
        "--model-server",
        metavar="HOST:PORT",
        help="what serves that version (default: $FACEGRID_MODEL_SERVERS, else 127.0.0.1:8500)",
    )


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary.capitalize() + ".",
        epilog=_epilog(_EXAMPLES[name]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--gallery",
        metavar="URI",
        help="folder or object store (default: $FACEGRID_GALLERY, else that of the stack on this machine)",
    )
    parser.set_defaults(run=_runner(f"run_{name}"))
    return parser


def _epilog(*examples: str) -> str:
    return "\n".join(["examples:", *(f"  {example}" for example in examples), _EXIT_CODES])


def _runner(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        missing = [module for module in ("lance", "cv2", "grpc") if find_spec(module) is None]
        if missing:
            raise UsageError(f"not installed: {', '.join(missing)}; run: pip install 'facegrid[serve]'")
        function: Callable[[argparse.Namespace], int] = getattr(import_module("orchestrator.cli._gallery"), name)
        return function(args)

    return run
