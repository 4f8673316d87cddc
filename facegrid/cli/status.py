"""Show the service on this machine, or with --target another.

With --target, the service and each of its parts is asked for its health (grpc.health.v1). With --json that is one line:

  {"target": ..., "serving": true, "services": [
    {"service": "", "health": "serving", "elapsed_ms": ...}]}
  {"target": ..., "serving": false, "error": {"reason": ..., "message": ...}}

Exit code: 0 serving, 1 running but not well, 3 not running or out of reach.

Examples:
  facegrid status
  facegrid status --watch        replicas, load, versions and errors, live
  facegrid status --json | jq .health
  facegrid status --target faces.example.org:9000
"""

import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from facegrid.answers.faces import Health
from facegrid.cli.arguments import AccessArguments
from facegrid.cli.command import command
from facegrid.cli.lazy_group import first_line, load
from facegrid.cli.output import error_as_json, write_json
from facegrid.cli.usage import UsageError
from facegrid.client.sync import Client
from facegrid.errors import FacegridError

LOCAL_STATUS = "facegrid.local_status"
"""The group of the entry point with the status of this machine: `local_status` of orchestrator/cli/status.py."""
EXIT_UNHEALTHY = 1
EXIT_UNREACHABLE = 3  # as systemctl has it
_SERVICES = ("", "facegrid.v1.FaceService", "facegrid.v1.GeneratorService")


@command(__doc__)
def status(
    *,
    target: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="a service to ask; without it, the one on this machine")
    ] = None,
    access: AccessArguments,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    timeout_s: Annotated[float, typer.Option(metavar="S", help="with --target: longest wait for an answer")] = 5.0,
    watch: Annotated[bool, typer.Option("--watch", help="show it again and again, until Ctrl-C")] = False,
    interval_s: Annotated[float, typer.Option(metavar="S", help="pause between two views of --watch")] = 2.0,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="notes on what runs (default $FACEGRID_STATE_DIR, else facegrid in $XDG_STATE_HOME or ~/.local/state)",
        ),
    ] = None,
) -> int:
    """Shows the service; the exit code says how it is.

    Raises:
        UsageError: Options that exclude each other, or the packages for the local status are not installed.
    """
    if as_json and watch:
        raise UsageError("--json and --watch exclude each other")
    if target is None:
        return _local_status(as_json=as_json, watch=watch, interval_s=interval_s, state_dir=state_dir)
    if watch or state_dir:
        raise UsageError(f"--target and {'--watch' if watch else '--state-dir'} exclude each other")
    with access.connect_to(target) as client:
        return _remote_status(client, timeout_s, as_json=as_json)


def _local_status(**options: Any) -> int:
    found = next((one for one in entry_points(group=LOCAL_STATUS) if first_line(one.module)), None)
    if found is None:
        raise UsageError("this installation has no local service; ask another with --target HOST:PORT")
    local_status: Any = load(found)
    return int(local_status(**options))


def _remote_status(client: Client, timeout_s: float, *, as_json: bool) -> int:
    answers: list[tuple[str, Health, float]] = []
    try:
        for service in _SERVICES:
            started_s = time.monotonic()
            health = client.health(service=service, timeout_s=timeout_s)
            answers.append((service, health, (time.monotonic() - started_s) * 1000))
    except FacegridError as err:
        if as_json:
            write_json({"target": client.target, "serving": False, "error": error_as_json(err)})
        else:
            sys.stdout.write(f"{client.target}: not reachable\n")
            sys.stderr.write(f"facegrid: {err.message}\n")
        return EXIT_UNREACHABLE
    serving = all(health is Health.SERVING for _, health, _ in answers)
    if as_json:
        services = [
            {"service": service, "health": str(health), "elapsed_ms": round(ms, 3)} for service, health, ms in answers
        ]
        write_json({"target": client.target, "serving": serving, "services": services})
    else:
        sys.stdout.writelines(_line(service or client.target, health, ms) for service, health, ms in answers)
    return 0 if serving else EXIT_UNHEALTHY


def _line(name: str, health: Health, elapsed_ms: float) -> str:
    return f"{name}: {str(health).replace('_', ' ')} ({elapsed_ms:.0f} ms)\n"
