"""Processes that outlive their starter: starts them, finds them again, and stops them with their descendants.

Each is known by its number, its start in clock ticks since the boot, and the id of that boot: none of them moves when
the wall clock is set. Each is the leader of its own session, and its descendants stay in that session. The system gives
no new process a number that a session still has. So the identity of the leader also tells our session from a later one,
even when the leader itself is gone.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_START_TIME_FIELD = 22
"""In /proc/PID/stat, counted from 1; see proc(5)."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessRecord:
    """A process that was started; a later process with the same number is told apart by its start time."""

    name: str
    pid: int
    start_ticks: int
    """Start in clock ticks since the boot; outside Linux in hundredths of a second since the epoch."""
    boot_id: str
    """Id of the boot that the ticks count from; outside Linux empty."""


def record_of(name: str, pid: int) -> ProcessRecord:
    """Returns the record of a process that runs.

    Raises:
        ProcessLookupError: There is no such process.
    """
    ticks = _start_ticks(pid)
    if ticks is None:
        raise ProcessLookupError(f"no process {pid}")
    return ProcessRecord(name, pid, ticks, boot_id())


def boot_id() -> str:
    """Returns the id of this boot; empty where the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


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
        self.record = record_of(name, self._popen.pid)

    def exit_code(self) -> int | None:
        """Returns its exit code, negative for a signal, or None while it runs."""
        return self._popen.poll()

    def release(self) -> None:
        """Stops watching it: from now on only the record refers to it."""
        self._popen.returncode = 0  # else the destructor would warn that the process still runs


def is_alive(record: ProcessRecord) -> bool:
    """Returns whether this very process still runs."""
    return _leader(record) is not None


def members(record: ProcessRecord) -> list[psutil.Process]:
    """Returns the processes of the record's session that still run, the leader first if it does."""
    if record.boot_id != boot_id():
        return []
    if _leader(record) is None and psutil.pid_exists(record.pid) and not _is_zombie(record.pid):
        return []  # another process has the number, so our session is empty
    found = [process for process in psutil.process_iter() if _in_session(process, record)]
    return sorted(found, key=lambda process: process.pid != record.pid)


def uptime_s(record: ProcessRecord) -> float:
    """Returns how long ago the process started, whatever became of it since."""
    if not record.boot_id:
        return max(time.time() - record.start_ticks / 100, 0.0)
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - record.start_ticks / os.sysconf("SC_CLK_TCK"), 0.0)


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
        if is_alive(record):
            forced.append(record)
        end_now([*before[record], *members(record)])
    return forced


def end_now(processes: Iterable[psutil.Process]) -> None:
    """Ends processes by force, and waits until they are gone."""
    left = [process for process in set(processes) if _runs(process)]
    for process in left:
        _signal(process.kill)
    psutil.wait_procs(left, timeout=10)


def _leader(record: ProcessRecord) -> psutil.Process | None:
    if record.boot_id != boot_id() or _start_ticks(record.pid) != record.start_ticks:
        return None
    try:
        process = psutil.Process(record.pid)
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _start_ticks(pid: int) -> int | None:
    """Returns when a process started, in the unit of `ProcessRecord.start_ticks`; None: there is none."""
    if not _BOOT_ID.exists():
        try:
            return round(psutil.Process(pid).create_time() * 100)
        except psutil.NoSuchProcess:
            return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    after_name = fields[fields.rindex(b")") + 2 :].split()  # the name, field 2, may hold anything
    return int(after_name[_START_TIME_FIELD - 3])


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _in_session(process: psutil.Process, record: ProcessRecord) -> bool:
    try:
        if os.getsid(process.pid) != record.pid or process.status() == psutil.STATUS_ZOMBIE:
            return False
    except (OSError, psutil.Error):
        return False
    ticks = _start_ticks(process.pid)
    return ticks is not None and ticks >= record.start_ticks


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
