"""What `facegrid up`, `down` and `status` do and show; the work is in `orchestrator.app`."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from facegrid.cli.usage import UsageError
from orchestrator.app.down import down
from orchestrator.app.options import SERVING_CONFIG, StackOptions, default_ingress, default_state_dir
from orchestrator.app.status import stack_status
from orchestrator.app.up import up
from orchestrator.cli._status import Reading, as_json, since_start, view
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.sizes import parse_size
from orchestrator.tls_files import ServerTls

EXIT_UNHEALTHY = 1
EXIT_NOT_RUNNING = 3  # as systemctl has it

_STEPS = {
    "ray": "Ray",
    "controller": "Ray Serve",
    "ingress": "gRPC ingress",
    "replicas": "orchestrator",
    "model_server": "model server",
    "service": "the service answers",
}
"""Steps that are shown as they are done, and their names for people."""


def run_up(args: argparse.Namespace) -> int:
    """Starts the stack, shows each step with its seconds, and returns when it answers."""
    console = Console(stderr=True, highlight=False)
    begin_s = time.monotonic()
    try:
        options = _options(args)
    except FleetError as err:
        return _fail(err)
    steps_shown = 0

    def report(step: str, seconds: float) -> None:
        nonlocal steps_shown
        if step in _STEPS:
            steps_shown += 1
            console.print(f"{seconds:6.1f} s  {_STEPS[step]}")

    try:
        with console.status("starting"):
            state = up(options, _state_dir(args), report, os.environ)
    except FleetError as err:
        return _fail(err)
    if not steps_shown:
        console.print(f"already up on {state.address} since {time.ctime(state.started_at_s)}")
        return 0
    secured = ", with TLS on every interface," if state.has_tls else ""
    console.print(f"up on {state.address}{secured} in {time.monotonic() - begin_s:.1f} s; stop it with: facegrid down")
    return 0


def _options(args: argparse.Namespace) -> StackOptions:
    return StackOptions(
        port=args.port,
        models_dir=args.models_dir,
        model_config=args.model_config or SERVING_CONFIG,
        orchestrators=parse_size(args.orchestrators),
        servers=args.replicas,
        autoscale=args.autoscale,
        ray_address=args.ray_address,
        server_cpus=args.server_cpus,
        server_gpus=args.server_gpus,
        ingress=args.ingress or default_ingress(),
        timeout_s=args.timeout_s,
        tls=_tls(args),
    )


def _tls(args: argparse.Namespace) -> ServerTls | None:
    if args.tls_cert is None and args.tls_key is None and args.tls_client_ca is None:
        return None
    if args.tls_cert is None or args.tls_key is None:
        raise UsageError("TLS needs a certificate and its key: give --tls-cert and --tls-key")
    return ServerTls(cert=args.tls_cert, key=args.tls_key, client_ca=args.tls_client_ca)


def run_down(args: argparse.Namespace) -> int:
    """Stops the stack; there being none is no error."""
    try:
        stopped = down(_state_dir(args))
    except FleetError as err:
        return _fail(err)
    if stopped is None:
        sys.stderr.write("nothing was running\n")
    else:
        where = f"on {stopped.state.address}" if stopped.state is not None else "whose files were gone"
        sys.stderr.write(f"stopped the service {where}\n")
    return 0


def run_status(args: argparse.Namespace) -> int:
    """Shows the stack; the exit code says how it is."""
    if args.watch:
        return run_watch(args)
    try:
        status = stack_status(_state_dir(args))
    except FleetError as err:
        return _fail(err)
    if status is None or not any(process.processes for process in status.processes):
        sys.stdout.write(json.dumps({"running": False, "serving": False}) + "\n" if args.json else "not running\n")
        return EXIT_NOT_RUNNING
    if args.json:
        sys.stdout.write(json.dumps(as_json(status)) + "\n")
    else:
        Console(highlight=False).print(view(status, since_start(status)))
    return 0 if status.serving else EXIT_UNHEALTHY


def run_watch(args: argparse.Namespace) -> int:
    """Shows the stack again and again, with what the replicas did since it was last shown; ends when it does."""
    console = Console(highlight=False)
    folder = _state_dir(args)
    try:
        earlier = Reading(stack_status(folder))
        if earlier.status is None:
            console.print("not running")
            return EXIT_NOT_RUNNING
        with Live(view(earlier.status, since_start(earlier.status)), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(args.interval_s)
                now = Reading(stack_status(folder))
                if now.status is None:
                    return EXIT_NOT_RUNNING
                live.update(view(now.status, now.since(earlier)), refresh=True)
                earlier = now
    except FleetError as err:
        return _fail(err)
    except KeyboardInterrupt:  # how a watch ends
        return 0


def _state_dir(args: argparse.Namespace) -> Path:
    return args.state_dir.absolute() if args.state_dir else default_state_dir(os.environ)


def _fail(err: FleetError) -> int:
    advice = f"\nWhat to do: {err.advice}" if err.advice else ""
    sys.stderr.write(f"facegrid: {err.message}{advice}\n")
    return 1
