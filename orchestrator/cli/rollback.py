"""Give no request the version on trial.

Examples:
  facegrid rollback pnet      no request gets the version on trial, and it is
                              unloaded
"""

from facegrid.cli.command import command
from orchestrator.cli.canary import JsonLine, Model, change_versions
from orchestrator.cli.stack_folder import StateDir


@command(__doc__)
def rollback(*, model: Model, state_dir: StateDir = None, json_line: JsonLine = False) -> int:
    """Gives no request the version on trial."""
    return change_versions(model, {"do": "rollback"}, state_dir, json_line=json_line)
