"""Stop the service on this machine.

Examples:
  facegrid down
  facegrid down --state-dir /tmp/b
"""

import sys

from facegrid.cli.command import command
from orchestrator.app.down import down as stop_stack
from orchestrator.cli.stack_folder import StateDir, report_error, state_folder
from orchestrator.fleet.errors import FleetError


@command(__doc__)
def down(*, state_dir: StateDir = None) -> int:
    """Stops the stack; it is not an error where none runs."""
    try:
        stopped = stop_stack(state_folder(state_dir))
    except FleetError as err:
        return report_error(err)
    if stopped is None:
        sys.stderr.write("nothing was running\n")
    else:
        which = f"on {stopped.state.address}" if stopped.state is not None else "whose files were gone"
        sys.stderr.write(f"stopped the service {which}\n")
    return 0
