"""What `facegrid rollout`, `promote` and `rollback` do and show; the work is in `orchestrator.app.rollout`."""

import argparse
import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.app.host_files import ask_host
from orchestrator.app.options import default_state_dir
from orchestrator.app.state import StateFolder
from orchestrator.fleet.errors import FleetError

_TIMEOUT_S = 600.0
"""Longer than all steps of a change may take together."""


def run_rollout(args: argparse.Namespace) -> int:
    """Loads a version everywhere and gives it its share; without a version shows the state."""
    if args.version is None:
        return _run(args, {"do": "show"})
    return _run(args, {"do": "rollout", "version": args.version, "share": args.canary})


def run_promote(args: argparse.Namespace) -> int:
    """Gives every request the version on trial, if it does well enough."""
    limits = {"least_calls": args.least_calls, "error_rate_above": args.errors_above, "slower": args.slower}
    return _run(args, {"do": "promote", "force": args.force, "limits": limits})


def run_rollback(args: argparse.Namespace) -> int:
    """Gives no request the version on trial."""
    return _run(args, {"do": "rollback"})


def _run(args: argparse.Namespace, question: dict[str, Any]) -> int:
    console = Console(stderr=True, highlight=False)
    with console.status(f"{question['do']} of {args.model}"):
        answer = _ask(args, question | {"model": args.model})
    if "error" in answer:
        advice = f"\nWhat to do: {answer['advice']}" if answer["advice"] else ""
        sys.stderr.write(f"facegrid: {answer['error']}{advice}\n")
        return 1
    if args.json:
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        Console(highlight=False).print(_table(answer))
    return 0


def _ask(args: argparse.Namespace, question: dict[str, Any]) -> dict[str, Any]:
    folder = args.state_dir.absolute() if args.state_dir else default_state_dir(os.environ)
    try:
        state = StateFolder(folder).load()
    except FleetError as err:
        return {"error": err.message, "advice": err.advice}
    answer = None if state is None else ask_host(state.run_dir, question, timeout_s=_TIMEOUT_S)
    return answer or {"error": "no stack is running", "advice": "run: facegrid up --replicas 2"}


def _table(answer: dict[str, Any]) -> Table:
    table = Table("version", "requests", "calls", "errors", "p50", "p99", title=answer["model"])
    canary = answer["canary"]
    for version, one in answer["figures"].items():
        share = answer["share"] if int(version) == canary else 1 - answer["share"]
        role = "on trial" if int(version) == canary else "stable"
        table.add_row(
            f"{version} ({role})",
            f"{share:.0%}",
            str(one["calls"]),
            f"{one['error_rate']:.2%}",
            _milliseconds(one["p50_ms"]),
            _milliseconds(one["p99_ms"]),
        )
    return table


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
