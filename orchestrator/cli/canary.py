"""The canary, a version of a network on trial: what `facegrid rollout`, `promote` and `rollback` ask and show."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.app.host_files import ask_host
from orchestrator.app.state import StateFolder
from orchestrator.cli.stack_folder import report_error, state_folder
from orchestrator.fleet.errors import FleetError

_TIMEOUT_S = 600.0
"""Longer than all steps of a change may take together."""

Model = Annotated[str, typer.Argument(metavar="MODEL", help="network: pnet, rnet, onet or embedder")]
JsonLine = Annotated[bool, typer.Option("--json", help="print JSON")]


def parse_share(text: str | float) -> float:
    """Returns a share given as a fraction or in percent.

    Raises:
        typer.BadParameter: It is not from 0 to 100%.
    """
    number, percent = str(text).removesuffix("%"), str(text).endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = float("nan")
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"{text} is not from 0 to 100%")
    return share


def change_versions(model: str, question: dict[str, Any], state_dir: Path | None, *, json_line: bool) -> int:
    """Asks the stack to do something about the versions of a network and shows the answer; returns the exit code."""
    with Console(stderr=True, highlight=False).status(f"{question['do']} of {model}"):
        try:
            answer = _ask(question | {"model": model}, state_folder(state_dir))
        except FleetError as err:
            return report_error(err)
    if json_line:
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        Console(highlight=False).print(_table(answer))
    return 0


def _ask(question: dict[str, Any], folder: Path) -> dict[str, Any]:
    state = StateFolder(folder).load()
    answer = None if state is None else ask_host(state.run_dir, question, timeout_s=_TIMEOUT_S)
    if not answer:
        raise FleetError("no stack is running", advice="run: facegrid up")
    if "error" in answer:
        raise FleetError(answer["error"], advice=answer["advice"])
    return answer


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
