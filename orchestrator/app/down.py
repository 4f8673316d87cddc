"""Stops the processes that `up` started, and removes their files."""

from pathlib import Path

from orchestrator.app.processes import ProcessRecord, stop
from orchestrator.app.state import StackState, StateFolder

STOP_TIMEOUT_S = 30.0


def down(state_dir: Path) -> StackState | None:
    """Stops the stack of a state folder and waits until its last process is gone.

    Returns:
        The stack that was stopped, or None if there was none.

    Raises:
        StackError: The folder is in use by another `up` or `down`, or its state file is not ours.
    """
    folder = StateFolder(state_dir)
    if folder.load() is None:
        return None
    with folder.locked():
        state = folder.load()
        if state is not None:
            stop_stack(folder, state)
        return state


def stop_stack(folder: StateFolder, state: StackState) -> list[ProcessRecord]:
    """Stops the processes of `state`, those next to the callers first, and clears the folder.

    Returns:
        The processes that did not end on SIGTERM and were killed.
    """
    forced = []
    # Last started, first stopped: no call reaches an orchestrator whose model server is gone.
    for record in reversed(state.processes):
        forced += stop([record], timeout_s=STOP_TIMEOUT_S)
    folder.clear(state)
    return forced
