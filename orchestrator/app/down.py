"""Stops what `up` started, and removes what it left."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.app.errors import StackError
from orchestrator.app.processes import end_now, stop
from orchestrator.app.state import StackState, StateFolder
from orchestrator.app.supervision.folder import STATE_DIR_VARIABLE
from orchestrator.app.supervision.part import STOP_TIMEOUT_S


@dataclass(frozen=True)
class Stopped:
    """What `down` stopped."""

    state: StackState | None
    """None: processes of a stack whose files are gone."""


def down(state_dir: Path) -> Stopped | None:
    """Stops the stack of a state folder and waits until its last process is gone.

    Returns:
        What was stopped, or None where there was nothing to stop.

    Raises:
        StackError: The folder is in use by another `up` or `down`, its state file is not ours, or a process stays.
    """
    folder = StateFolder(state_dir)
    if folder.load() is None and not lost_processes(state_dir):
        return None
    with folder.locked():
        state = folder.load()
        lost = [] if state is not None else lost_processes(state_dir)
        if state is None and not lost:
            return None
        stop_stack(folder, state)
        return Stopped(state)


def stop_stack(folder: StateFolder, state: StackState | None) -> None:
    """Stops the processes of a stack, the callers' end first, and clears the folder.

    Args:
        folder: Of the stack.
        state: What was started; None: its files are gone.

    Raises:
        StackError: A process of the stack stays.
    """
    if folder.path.is_dir():
        folder.parts.begin_stopping()
    records = folder.parts.records()
    # Supervisord asks the parts to end, the last started first; what ignores that is forced.
    stop(records[:1], timeout_s=STOP_TIMEOUT_S + 15)
    stop(records[1:], timeout_s=0)
    end_now(lost_processes(folder.path))
    if left := lost_processes(folder.path):
        numbers = ", ".join(str(process.pid) for process in left)
        raise StackError(f"these processes do not end: {numbers}", "end them, then run facegrid down again")
    if state is not None:
        folder.clear(state)


def lost_processes(state_dir: Path) -> list[psutil.Process]:
    """Returns the processes of a stack by what they themselves know, whatever became of its files."""
    sessions = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(STATE_DIR_VARIABLE) == str(state_dir) and process.pid != os.getpid():
                sessions.add(os.getsid(process.pid))
    sessions.discard(os.getsid(0))
    return [process for process in psutil.process_iter() if _session(process.pid) in sessions and _runs(process)]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
