"""What the commands that look after a stack share: its state folder, and how they report an error."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.app.options import default_state_dir
from orchestrator.fleet.errors import FleetError

StateDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="notes on what runs (default $FACEGRID_STATE_DIR, else facegrid in $XDG_STATE_HOME or ~/.local/state)",
    ),
]


def state_folder(chosen: Path | None) -> Path:
    """Returns the state folder as an absolute path; None: the default."""
    return chosen.absolute() if chosen else default_state_dir(os.environ)


def report_error(err: FleetError) -> int:
    """Writes what is wrong and what to do about it to standard error; returns exit code 1."""
    advice = f"\nWhat to do: {err.advice}" if err.advice else ""
    sys.stderr.write(f"facegrid: {err.message}{advice}\n")
    return 1
