"""Show the service on this machine.

Examples:
  facegrid status
  facegrid status --watch        replicas, load, versions and errors, live
  facegrid status --json | jq .health

Exit code: 0 serving, 1 running but not well, 3 not running.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from facegrid.cli.command import command
from facegrid.cli.usage import UsageError
from orchestrator.app.status import StackStatus, stack_status
from orchestrator.cli.stack_folder import StateDir, report_error, state_folder
from orchestrator.cli.status_tables import StatusSnapshot, as_json, since_start, view
from orchestrator.fleet.errors import FleetError

EXIT_UNHEALTHY = 1
EXIT_NOT_RUNNING = 3  # as systemctl has it


@command(__doc__)
def status(
    *,
    json_line: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="show it again and again, until Ctrl-C")] = False,
    interval_s: Annotated[float, typer.Option(metavar="S", help="pause between two views of --watch")] = 2.0,
    state_dir: StateDir = None,
) -> int:
    """Shows the stack; the exit code says how it is.

    Raises:
        UsageError: Two forms.
    """
    if json_line and watch:
        raise UsageError("--json and --watch exclude each other")
    folder = state_folder(state_dir)
    try:
        return _watch(folder, interval_s) if watch else _show(stack_status(folder), json_line=json_line)
    except FleetError as err:
        return report_error(err)


def _show(now: StackStatus | None, *, json_line: bool) -> int:
    if now is None or not any(process.processes for process in now.processes):
        sys.stdout.write(json.dumps({"running": False, "serving": False}) + "\n" if json_line else "not running\n")
        return EXIT_NOT_RUNNING
    if json_line:
        sys.stdout.write(json.dumps(as_json(now)) + "\n")
    else:
        Console(highlight=False).print(view(now, since_start(now)))
    return 0 if now.serving else EXIT_UNHEALTHY


def _watch(folder: Path, interval_s: float) -> int:
    """Shows the stack again and again, with what the replicas did since it was last shown; ends with the stack."""
    console = Console(highlight=False)
    try:
        earlier = StatusSnapshot(stack_status(folder))
        if earlier.status is None:
            console.print("not running")
            return EXIT_NOT_RUNNING
        with Live(view(earlier.status, since_start(earlier.status)), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(interval_s)
                now = StatusSnapshot(stack_status(folder))
                if now.status is None:
                    return EXIT_NOT_RUNNING
                live.update(view(now.status, now.since(earlier)), refresh=True)
                earlier = now
    except KeyboardInterrupt:  # how a watch ends
        return 0
