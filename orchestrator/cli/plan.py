"""`facegrid plan`: how many orchestrators, model servers and GPUs a load needs."""

import argparse
import math
from importlib.util import find_spec
from pathlib import Path

from facegrid.cli.usage import UsageError

_DESCRIPTION = """\
Computes the smallest service that answers a load in time.

The service runs in virtual time with the very rules of its balancer, admission and autoscaler; only
the networks are replaced by the times that were measured of them, in a file (TOML or JSON):

  [networks.pnet]
  slots = 1                 # calls that one server computes at a time
  [sizes.small]
  pixels = 307200
  orchestrator_ms = 30      # of an orchestrator's core, for a picture
  pnet = 27                 # milliseconds of a call; or { calls = 2, ms = 27, cv = 0.3 },
  embedder = { calls = 0.8, samples_ms = [11.0, 12.5] }     # or measured times themselves

Exit code: 0 planned, 1 impossible, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid plan --profile times.toml --rps 1000 --p99-ms 250 --mix small=0.7,large=0.3
  facegrid plan --profile times.toml --rps 200 --p99-ms 400 --servers-per-gpu pnet=2,embedder=4 --json
  facegrid plan --profile times.toml --rps 50 --p99-ms 400 --day --autoscale --plot out/day.png
  facegrid plan --profile times.toml --rps 50 --p99-ms 400 --day monday.csv
  facegrid plan --metrics http://127.0.0.1:9102/metrics --rps 50 --p99-ms 800
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `plan`."""
    parser = subparsers.add_parser(
        "plan",
        help="compute how many servers a load needs",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    times = parser.add_mutually_exclusive_group(required=True)
    times.add_argument("--profile", type=Path, metavar="FILE", help="measured times, TOML or JSON")
    times.add_argument(
        "--metrics", metavar="URL", help="or the metrics of an orchestrator under little load: what it did so far"
    )
    parser.add_argument("--rps", type=float, required=True, metavar="N", help="pictures per second, at the peak")
    parser.add_argument("--p99-ms", type=float, required=True, metavar="MS", help="for 99 of 100 pictures")
    parser.add_argument("--mix", metavar="NAME=SHARE,...", help="sizes of the file, adding up to 1 (default: equal)")
    parser.add_argument("--servers-per-gpu", default="", metavar="NAME=N,...", help="servers that share a GPU")
    parser.add_argument(
        "--replicas", metavar="NAME=N,...", help="do not search: what would these do? orchestrators and every network"
    )
    parser.add_argument("--pictures", type=int, default=3000, metavar="N", help="for each try (default 3000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is random (default 0)")
    parser.add_argument(
        "--day",
        nargs="?",
        const="",
        metavar="CSV",
        help="then run a day whose peak is --rps: lines HOUR,NUMBER, else a built-in curve",
    )
    parser.add_argument("--autoscale", action="store_true", help="let model servers follow the load of the day")
    parser.add_argument("--day-s", type=float, default=600.0, metavar="S", help="length of the day (default 600)")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the day")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command.

    Raises:
        UsageError: A number is out of its range, or options do not go together.
    """
    for name, least in (("rps", 0.01), ("p99_ms", 0.1), ("pictures", 100), ("day_s", 10)):
        value = getattr(args, name)
        if not (math.isfinite(value) and value >= least):
            raise UsageError(f"--{name.replace('_', '-')} is {value:g}, at least {least:g} is needed")
    if args.day is None and (args.autoscale or args.plot):
        raise UsageError("--autoscale and --plot are of a day: add --day")
    if find_spec("cv2") is None:
        raise UsageError("the service's rules are not installed; run: pip install 'facegrid[serve]'")
    from orchestrator.cli._plan import plan  # noqa: PLC0415 - the orchestrator, for --help not needed

    return plan(args)
