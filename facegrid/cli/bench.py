"""`facegrid bench`: load on a running service, and how long it takes to answer."""

import argparse
import math
from pathlib import Path

from facegrid.cli._asking import add_command
from facegrid.cli.usage import UsageError

_DESCRIPTION = """\
Sends pictures to a running service and measures the answers.

With --concurrency N a closed loop: N callers, each asks again when it is answered. That finds what
the service can do; but when it stalls, so do the callers, and the wait of the calls they did not
make is not seen. With --rps N an open loop: calls are sent when they are due, whatever the answers,
and times count from the moment a call was due. That is what callers see. "sent late" says how much
of it is the sender's own doing; where it is much, send from another machine or with less.

Percentiles are exact, of the calls that were answered well after the warm-up.
Exit code: 0 when calls were answered, 1 when none was, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid bench photo.jpg --concurrency 8
  facegrid bench holiday/ --rps 20 --duration-s 60 --warm-up-s 5 --plot out/latency.png
  facegrid bench photo.jpg --mix small=0.7,large=0.3 --methods detect=0.8,identify=0.2 --rps 20
  facegrid bench --mix small.jpg=0.9,crowd.jpg=0.1 --rps 5 --json | jq .latency_ms
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `bench`."""
    parser = add_command(subparsers, "bench", "measure a running service under load", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("inputs", nargs="*", type=Path, metavar="IMAGE|FOLDER", help="what to send, in turn")
    parser.add_argument(
        "--mix",
        metavar="NAME=SHARE,...",
        help="sizes to scale the pictures to (small, medium, large: 640, 1280, 4000 px), or files, and their shares",
    )
    parser.add_argument(
        "--methods", default="detect", metavar="NAME=SHARE,...", help="of detect, embed, identify (default detect)"
    )
    loop = parser.add_mutually_exclusive_group()
    loop.add_argument("--concurrency", type=int, default=1, metavar="N", help="closed loop of N callers (default 1)")
    loop.add_argument("--rps", type=float, metavar="N", help="open loop of N calls per second")
    parser.add_argument(
        "--arrivals", choices=("poisson", "constant"), default="poisson", help="of the open loop (default poisson)"
    )
    parser.add_argument("--duration-s", type=float, default=10.0, metavar="S", help="time to send (default 10)")
    parser.add_argument("--warm-up-s", type=float, default=1.0, metavar="S", help="time before that (default 1)")
    parser.add_argument("--connections", type=int, default=1, metavar="N", help="to spread calls over (default 1)")
    parser.add_argument("--no-retries", action="store_true", help="count what the service says at first")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is random (default 0)")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the time of every call, and their distribution")
    parser.set_defaults(run=run, timeout_s=10.0)


def run(args: argparse.Namespace) -> int:
    """Runs the command.

    Raises:
        UsageError: A number is out of its range, or there is nothing to send.
    """
    for name, least in (("concurrency", 1), ("connections", 1), ("duration_s", 0.1), ("warm_up_s", 0), ("rps", 0.01)):
        value = getattr(args, name)
        if value is not None and not (math.isfinite(value) and value >= least):
            raise UsageError(f"--{name.replace('_', '-')} is {value:g}, at least {least:g} is needed")
    if not args.inputs and not args.mix:
        raise UsageError("nothing to send: name a picture or a folder")
    from facegrid.cli._bench import bench  # noqa: PLC0415 - gRPC and rich, for --help not needed

    return bench(args)
