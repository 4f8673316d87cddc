"""The arguments of `facegrid rollout`, `promote` and `rollback`: versions of a network under traffic."""

import argparse
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from facegrid.cli.usage import UsageError

_ROLLOUT_EXAMPLES = """\
examples:
  facegrid rollout pnet --version 2 --canary 10%     every server loads it, a tenth of the requests get it
  facegrid rollout pnet --version 2 --canary 50%     a half
  facegrid rollout pnet                              show who gets what, and how each version does

The stack has to run its model servers on Ray: facegrid up --replicas. A request gets one version of a network for all
its calls. An embedder's version is a space of vectors: Embed and Verify answer with the version that they used, Verify
uses one for both pictures, and Enroll and Identify keep to the gallery's.
"""
_PROMOTE_EXAMPLES = """\
examples:
  facegrid promote pnet                    all requests get the version on trial, the old one is unloaded
  facegrid promote pnet --slower 1.2       refuse where it takes more than 1.2 times as long
  facegrid promote pnet --force            whatever the figures say

Old embedders stay loaded: a gallery needs the version that made its vectors (facegrid gallery reembed).
"""
_ROLLBACK_EXAMPLES = """\
examples:
  facegrid rollback pnet                   no request gets the version on trial, and it is unloaded
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands `rollout`, `promote` and `rollback`."""
    rollout = _add(subparsers, "rollout", "try a new version of a network on some of the requests", _ROLLOUT_EXAMPLES)
    rollout.add_argument("--version", type=int, help="number of the new version's folder; without it: show the state")
    rollout.add_argument("--canary", type=_share, default=0.1, metavar="SHARE", help="of requests (default 10%%)")
    promote = _add(subparsers, "promote", "give every request the version on trial", _PROMOTE_EXAMPLES)
    promote.add_argument("--least-calls", type=int, default=50, help="calls it must have answered (default 50)")
    promote.add_argument(
        "--errors-above", type=_share, default=0.01, metavar="SHARE", help="most errors more than before (default 1%%)"
    )
    promote.add_argument("--slower", type=float, default=1.5, help="most times the time it may take (default 1.5)")
    promote.add_argument("--force", action="store_true", help="whatever the figures say")
    _add(subparsers, "rollback", "give no request the version on trial", _ROLLBACK_EXAMPLES)


def _add(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, examples: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=summary.capitalize() + ".",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="network: pnet, rnet, onet or embedder")
    parser.add_argument("--state-dir", type=Path, help="of the stack (see facegrid up --help)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_runner(name))
    return parser


def _share(text: str) -> float:
    number = float(text.removesuffix("%"))
    share = number / 100 if text.endswith("%") else number
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not in 0 to 100%")
    return share


def _runner(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        if find_spec("psutil") is None:
            raise UsageError("not installed: psutil; run: pip install 'facegrid[serve,model-server]'")
        function: Callable[[argparse.Namespace], int] = getattr(
            import_module("orchestrator.cli._rollout"), f"run_{name}"
        )
        return function(args)

    return run
