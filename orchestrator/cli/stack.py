"""The arguments of `facegrid up`, `down` and `status`: the whole service on this machine."""

import argparse
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from facegrid.cli.usage import UsageError

_UP_EXAMPLES = """\
examples:
  facegrid up                                   serve models/ on port 9000
  facegrid up --port 9100 --state-dir /tmp/b    a second stack beside the first
  facegrid up --orchestrators 2                 two orchestrator processes
  facegrid up --replicas pnet=2,embedder=1      model servers on Ray: two for pnet, one for the embedder, and one
  facegrid up --replicas embedder=1-3 --orchestrators 1-3     as many as the load asks for, within bounds
  facegrid up --autoscale                       as many of everything as the load asks for, up to four
  facegrid up --tls-cert tls.crt --tls-key tls.key    for other machines, encrypted

Who may ask: $FACEGRID_API_KEYS_FILE, made by `facegrid keys new`; without it, everybody may.

People who are enrolled are kept in $FACEGRID_GALLERY, else in the folder gallery of the state folder;
`facegrid down` leaves them.

The python ingress listens on every interface. The haproxy ingress listens on 127.0.0.1, but the
replicas behind it listen on every interface on ports of their own, which ask for API keys but speak no TLS:
keep a firewall in front of both. With --tls-cert a TLS proxy answers on every interface, before the haproxy ingress.
"""
_DOWN_EXAMPLES = """\
examples:
  facegrid down
  facegrid down --state-dir /tmp/b
"""
_STATUS_EXAMPLES = """\
examples:
  facegrid status
  facegrid status --watch                       replicas, load, versions and errors, live
  facegrid status --json | jq .health

Exit code: 0 serving, 1 running but not well, 3 not running.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands `up`, `down` and `status`."""
    up = _add(subparsers, "up", "start the service on this machine", _UP_EXAMPLES)
    up.add_argument("--port", type=int, default=9000, help="where to answer gRPC (default 9000)")
    up.add_argument("--models-dir", type=Path, default=Path("models"), help="what `export` wrote (default models)")
    up.add_argument(
        "--model-config", type=Path, help="ModelServerConfig to serve (default serving_configs/models.config)"
    )
    up.add_argument("--orchestrators", default="1", metavar="N|N-M", help="processes of the orchestrator (default 1)")
    up.add_argument(
        "--replicas",
        default="",
        metavar="N|NAME=N,...",
        help="model servers on Ray: so many with every network, or so many for each network that is named, while the "
        "others share one; N-M follows the load (default: one server with every network, without Ray)",
    )
    up.add_argument(
        "--autoscale",
        type=int,
        nargs="?",
        const=4,
        metavar="MOST",
        help="let the number of orchestrators and model servers follow the load, up to so many of each (default 4)",
    )
    up.add_argument(
        "--ray-address",
        default="",
        metavar="HOST:PORT",
        help="run on the Ray cluster that this machine is a node of; every node has the same models folder",
    )
    up.add_argument("--server-cpus", type=float, default=1.0, help="cores that Ray sets aside for a server (default 1)")
    up.add_argument("--server-gpus", type=float, default=0.0, help="GPUs, or a share of one, for a server (default 0)")
    up.add_argument("--ingress", choices=("haproxy", "python"), help="default: haproxy on Linux, python elsewhere")
    up.add_argument("--timeout-s", type=float, default=120.0, help="time until everything answers (default 120)")
    up.add_argument("--tls-cert", type=Path, metavar="FILE", help="answer over TLS with this certificate (PEM)")
    up.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, unencrypted (PEM)")
    up.add_argument(
        "--tls-client-ca", type=Path, metavar="FILE", help="admit only clients with a certificate of these authorities"
    )
    up.set_defaults(run=_runner("run_up"))
    _add(subparsers, "down", "stop the service on this machine", _DOWN_EXAMPLES).set_defaults(run=_runner("run_down"))
    status = _add(subparsers, "status", "show the service on this machine", _STATUS_EXAMPLES)
    form = status.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--watch", action="store_true", help="show it again and again, until Ctrl-C")
    status.add_argument("--interval-s", type=float, default=2.0, metavar="S", help="pause of --watch (default 2)")
    status.set_defaults(run=_runner("run_status"))


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
    parser.add_argument(
        "--state-dir",
        type=Path,
        help="notes on what runs (default $FACEGRID_STATE_DIR, else facegrid in $XDG_STATE_HOME or ~/.local/state)",
    )
    return parser


def _runner(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        if find_spec("psutil") is None:
            raise UsageError("not installed: psutil; run: pip install 'facegrid[serve,model-server]'")
        function: Callable[[argparse.Namespace], int] = getattr(import_module("orchestrator.cli._stack"), name)
        return function(args)

    return run
