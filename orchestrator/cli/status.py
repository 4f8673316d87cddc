"""The status of the service on this machine: what `facegrid status` shows without --target.

The command is in facegrid/cli/status.py, so that a client's machine has it too. It finds this by an entry point of the
group `facegrid.local_status`.
"""

import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from orchestrator.app.status import StackStatus, stack_status
from orchestrator.cli.stack_folder import report_error, state_folder
from orchestrator.cli.status_tables import StatusSnapshot, as_json, since_start, view
from orchestrator.fleet.errors import FleetError

EXIT_UNHEALTHY = 1
EXIT_NOT_RUNNING = 3  # as systemctl has it


def local_status(*, as_json: bool, watch: bool, interval_s: float, state_dir: Path | None) -> int:
    """Shows the stack; returns the command's exit code, which says how it is.

    Args:
        as_json: Print JSON.
        watch: Show it again and again, until Ctrl-C.
        interval_s: Pause between two views of `watch`.
        state_dir: The folder with notes on what runs; None: the default.
    """
    folder = state_folder(state_dir)
    try:
        return _watch(folder, interval_s) if watch else _show(stack_status(folder), json_line=as_json)
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
