"""Give every request the version on trial.

Old embedders stay loaded: a gallery needs the version that made its vectors (facegrid gallery reembed).

Examples:
  facegrid promote pnet               all requests get the version on trial,
                                      the old one is unloaded
  facegrid promote pnet --slower 1.2  refuse where it takes more than 1.2
                                      times as long
  facegrid promote pnet --force       whatever the figures say
"""

from typing import Annotated

import typer

from facegrid.cli.command import command
from orchestrator.cli.canary import JsonLine, Model, change_versions, parse_share
from orchestrator.cli.stack_folder import StateDir


@command(__doc__)
def promote(
    *,
    model: Model,
    least_calls: Annotated[int, typer.Option(metavar="N", help="how many calls the version must have answered")] = 50,
    errors_above: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            parser=parse_share,
            help="how much higher its error rate may be (default 1%)",
            show_default=False,
        ),
    ] = 0.01,
    slower: Annotated[float, typer.Option(metavar="X", help="how many times as long it may take")] = 1.5,
    force: Annotated[bool, typer.Option("--force", help="promote whatever the figures say")] = False,
    state_dir: StateDir = None,
    json_line: JsonLine = False,
) -> int:
    """Gives every request the version on trial, if it does well enough."""
    limits = {"least_calls": least_calls, "error_rate_above": errors_above, "slower": slower}
    question = {"do": "promote", "force": force, "limits": limits}
    return change_versions(model, question, state_dir, json_line=json_line)
