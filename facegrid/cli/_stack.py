"""What `facegrid up`, `down` and `status` do and show; the work is in `orchestrator.app`."""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.app.down import down
from orchestrator.app.errors import StackError
from orchestrator.app.options import SERVING_CONFIG, StackOptions, default_ingress, default_state_dir
from orchestrator.app.status import StackStatus, stack_status
from orchestrator.app.up import up

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
    options = StackOptions(
        port=args.port,
        models_dir=args.models_dir,
        model_config=args.model_config or SERVING_CONFIG,
        replicas=args.replicas,
        ingress=args.ingress or default_ingress(),
        timeout_s=args.timeout_s,
    )
    steps_shown = 0

    def report(step: str, seconds: float) -> None:
        nonlocal steps_shown
        if step in _STEPS:
            steps_shown += 1
            console.print(f"{seconds:6.1f} s  {_STEPS[step]}")

    try:
        with console.status("starting"):
            state = up(options, _state_dir(args), report, os.environ)
    except StackError as err:
        return _fail(err)
    if not steps_shown:
        console.print(f"already up on {state.address} since {time.ctime(state.started_at_s)}")
        return 0
    console.print(f"up on {state.address} in {time.monotonic() - begin_s:.1f} s; stop it with: facegrid down")
    return 0


def run_down(args: argparse.Namespace) -> int:
    """Stops the stack; there being none is no error."""
    try:
        state = down(_state_dir(args))
    except StackError as err:
        return _fail(err)
    sys.stderr.write("nothing was running\n" if state is None else f"stopped the service on {state.address}\n")
    return 0


def run_status(args: argparse.Namespace) -> int:
    """Shows the stack; the exit code says how it is."""
    try:
        status = stack_status(_state_dir(args))
    except StackError as err:
        return _fail(err)
    running = status is not None and any(process.processes for process in status.processes)
    if args.json:
        sys.stdout.write(json.dumps(_as_json(status if running else None)) + "\n")
    elif not running:
        sys.stdout.write("not running\n")
    else:
        Console(highlight=False).print(_table(status))  # type: ignore[arg-type]
    if not running or status is None:
        return EXIT_NOT_RUNNING
    return 0 if status.serving else EXIT_UNHEALTHY


def _table(status: StackStatus) -> Table:
    table = Table("part", "state", "process", "memory", "uptime")
    processes = {process.name: process for process in status.processes}

    def row(part: str, state: str, name: str) -> None:
        process = processes.get(name)
        if process is None:
            table.add_row(part, state, "-", "-", "-")
            return
        pid = f"{process.pid} (+{max(process.processes - 1, 0)})" if process.alive else f"{process.pid} gone"
        table.add_row(part, state, pid, f"{process.memory_mb:.0f} MB", _duration(process.uptime_s))

    table.add_row("service", f"{status.health or 'no answer'} on {status.state.address}", "", "", "")
    row("Ray Serve", _serve_text(status), "serve_host")
    row("model server", _models_text(status), "model_server")
    return table


def _serve_text(status: StackStatus) -> str:
    if status.serve is None:
        return "no answer"
    lines = [f"{status.serve['application']}, ingress {status.state.ingress}"]
    for name, one in status.serve["deployments"].items():
        replicas = ", ".join(f"{count} {state}" for state, count in one["replicas"].items())
        lines.append(f"{name}: {one['status']}, {replicas or 'no replica'}")
    return "\n".join(lines)


def _models_text(status: StackStatus) -> str:
    if status.models is None:
        return "no answer"
    lines = [f"{one.model} {one.version}: {one.state} {one.error}".rstrip() for one in status.models]
    return "\n".join(lines) or "no models"


def _as_json(status: StackStatus | None) -> dict[str, Any]:
    if status is None:
        return {"running": False, "serving": False}
    return {
        "running": True,
        "serving": status.serving,
        "address": status.state.address,
        "ingress": status.state.ingress,
        "health": status.health,
        "ray_serve": status.serve,
        "model_server": status.state.model_server_target,
        "models": None if status.models is None else [asdict(one) for one in status.models],
        "processes": [asdict(one) for one in status.processes],
    }


def _duration(seconds: float) -> str:
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"


def _state_dir(args: argparse.Namespace) -> Path:
    return args.state_dir.absolute() if args.state_dir else default_state_dir(os.environ)


def _fail(err: StackError) -> int:
    advice = f"\nWhat to do: {err.advice}" if err.advice else ""
    sys.stderr.write(f"facegrid: {err.message}{advice}\n")
    return 1
