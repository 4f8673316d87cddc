"""Try a new version of a network on some of the requests.

A request gets one version of a network for all its calls. An embedder's version is a space of vectors: Embed and
Verify answer with the version that they used, Verify uses one for both pictures, and Enroll and Identify keep to the
gallery's.

Examples:
  facegrid rollout pnet --version 2 --canary 10%
                             every server loads it, a tenth of the requests
                             get it
  facegrid rollout pnet --version 2 --canary 50%
                             a half
  facegrid rollout pnet      show who gets what, and how each version does
"""

from typing import Annotated

import typer

from facegrid.cli.command import command
from orchestrator.cli.canary import JsonLine, Model, change_versions, parse_share
from orchestrator.cli.stack_folder import StateDir


@command(__doc__)
def rollout(
    *,
    model: Model,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="number of the new version's folder; without it show the state")
    ] = None,
    canary: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            parser=parse_share,
            help="share of the requests that get it (default 10%)",
            show_default=False,
        ),
    ] = 0.1,
    state_dir: StateDir = None,
    json_line: JsonLine = False,
) -> int:
    """Loads a version everywhere and gives it its share; without a version shows the state."""
    question = {"do": "show"} if version is None else {"do": "rollout", "version": version, "share": canary}
    return change_versions(model, question, state_dir, json_line=json_line)
