"""Processes that outlive their starter: starts them, finds them again, and stops them with their descendants.

Each is the leader of its own session, and its descendants stay in that session. The system gives no new process a
number that a session still has. So number and start time of the leader tell our session from a later one, even when
the leader itself is gone.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_START_TOLERANCE_S = 0.05  # start times are counted in ticks of 10 ms


@dataclass(frozen=True)
class ProcessRecord:
    """A process that was started; a later process with the same number is told apart by its start time."""

    name: str
    pid: int
    started_at_s: float
    """Start time in seconds since the epoch, as the system reports it."""


class Child:
    """A process that was just started, as long as its starter watches it."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        """Starts `command` in a new session, without input; its output is appended to `log`."""
        with log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - the command is ours
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
            )
        self.log = log
        self.record = ProcessRecord(name, self._popen.pid, psutil.Process(self._popen.pid).create_time())

    def exit_code(self) -> int | None:
        """Returns its exit code, or None while it runs."""
        return self._popen.poll()

    def release(self) -> None:
        """Stops watching it: from now on only the record refers to it."""
        self._popen.returncode = 0  # else the destructor would warn that the process still runs


def is_alive(record: ProcessRecord) -> bool:
    """Returns whether this very process still runs."""
    return _leader(record) is not None


def members(record: ProcessRecord) -> list[psutil.Process]:
    """Returns the processes of the record's session that still run, the leader first if it does."""
    if _leader(record) is None and psutil.pid_exists(record.pid) and not _is_zombie(record.pid):
        return []  # another process has the number, so our session is empty
    found = [process for process in psutil.process_iter() if _in_session(process, record)]
    return sorted(found, key=lambda process: process.pid != record.pid)


def stop(records: Iterable[ProcessRecord], *, timeout_s: float) -> list[ProcessRecord]:
    """Sends SIGTERM to each leader, and kills what is left of its session after `timeout_s`.

    Returns:
        The records whose leader had to be killed.
    """
    records = list(records)
    before = {record: members(record) for record in records}
    for record in records:
        if (leader := _leader(record)) is not None:
            _signal(leader.terminate)
    psutil.wait_procs([process for record in records for process in before[record]], timeout=timeout_s)
    forced = []
    for record in records:
        left = [process for process in {*before[record], *members(record)} if _runs(process)]
        if left and is_alive(record):
            forced.append(record)
        for process in left:
            _signal(process.kill)
        psutil.wait_procs(left, timeout=10)
    return forced


def _leader(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started_at_s) <= _START_TOLERANCE_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _in_session(process: psutil.Process, record: ProcessRecord) -> bool:
    try:
        return (
            os.getsid(process.pid) == record.pid
            and process.create_time() >= record.started_at_s - _START_TOLERANCE_S
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (OSError, psutil.Error):
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
