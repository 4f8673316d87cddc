"""`facegrid up --foreground`: the stack as one process that systemd or a container watches.

Its logs go to standard error. SIGTERM and SIGINT stop everything. It restarts supervisord, and ends with a reason
where supervisord gave a part up.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from orchestrator.app.errors import StackError
from orchestrator.app.options import StackOptions, stop_command
from orchestrator.app.state import StateFolder
from orchestrator.app.status import given_up
from orchestrator.app.supervision.keeper import FOREGROUND_VARIABLE
from orchestrator.app.up import Report, Start, running_stack

_POLL_S = 0.2
_STATES_S = 2.0
_LOGS_S = 0.3


def up_in_foreground(
    options: StackOptions,
    state_dir: Path,
    report: Report,
    env: Mapping[str, str] = os.environ,
    log_output: TextIO = sys.stderr,
) -> None:
    """Starts the stack, and returns when a signal or `down` has stopped it.

    Args:
        options: What to start.
        state_dir: Where to note what was started; one folder for each stack.
        report: Is called at each step of the start.
        env: Environment of the processes.
        log_output: Where the logs of all parts go.

    Raises:
        StackError: The stack cannot be started, runs already, or a part failed too often.
    """
    folder = StateFolder(state_dir)
    with _signals_interrupt(), suppress(KeyboardInterrupt):
        with folder.locked():
            if (earlier := running_stack(folder)) is not None:
                raise StackError(
                    f"the service runs already on {earlier.address}", f"stop it with: {stop_command(state_dir)}"
                )
            start = Start(options, folder, report=report, env=dict(env) | {FOREGROUND_VARIABLE: "1"})
            with _logs_followed(folder.logs, log_output):
                start.run()
        try:
            with _logs_followed(folder.logs, log_output, from_now=True):
                _notify_systemd(env)
                _supervise(start, folder)
        finally:
            _ignore_signals()  # a second Ctrl-C would leave processes behind
            start.stop()


def _supervise(start: Start, folder: StateFolder) -> None:
    """Returns when `down` stops the stack.

    Raises:
        StackError: Supervisord gave a part up.
    """
    asked_s = time.monotonic()
    while not folder.parts.is_stopping():
        if start.supervisor_ended():
            if folder.parts.is_stopping() or not folder.parts.config_file.exists():
                return  # `down` has done its work
            sys.stderr.write("facegrid: the supervisor ended; starting it again\n")
            start.start_supervisor()
        if time.monotonic() - asked_s >= _STATES_S:
            asked_s = time.monotonic()
            if failed := given_up(folder):
                raise StackError(f"{failed} failed too often", f"its log is {folder.logs / failed}.log")
        time.sleep(_POLL_S)


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Makes SIGTERM and SIGINT raise KeyboardInterrupt, also where a shell has them ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _logs_followed(folder: Path, output: TextIO, *, from_now: bool = False) -> Iterator[None]:
    """Copies what is added to the logs of a folder while the block runs, each line after the name of its log."""
    follower = LogFollower(folder, output)
    if from_now:
        follower.skip()
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(_LOGS_S):
            follower.copy()
        follower.copy()

    thread = threading.Thread(target=follow, name="logs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class LogFollower:
    """Copies whole lines that are added to the logs of a folder.

    Args:
        folder: With files NAME.log; they may come later.
        output: Where the lines go, each after `NAME: `.
    """

    def __init__(self, folder: Path, output: TextIO) -> None:
        self._folder = folder
        self._output = output
        self._read: dict[Path, int] = {}

    def skip(self) -> None:
        """Leaves out what is there now."""
        self._read = {log: log.stat().st_size for log in self._folder.glob("*.log")}

    def copy(self) -> None:
        """Copies the lines that were added since the last call."""
        for log in sorted(self._folder.glob("*.log")):
            with suppress(OSError), log.open("rb") as file:
                start = self._read.get(log, 0)
                file.seek(start if start <= os.fstat(file.fileno()).st_size else 0)  # it was begun again
                added = file.read()
                whole = added[: added.rfind(b"\n") + 1]
                self._read[log] = file.tell() - len(added) + len(whole)
                for line in whole.decode("utf-8", errors="replace").splitlines():
                    self._output.write(f"{log.stem}: {line}\n")
        self._output.flush()


def _notify_systemd(env: Mapping[str, str]) -> None:
    """Tells systemd that the service answers, where it asks for that (Type=notify; sd_notify(3))."""
    address = env.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, suppress(OSError):
            notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notify.send(b"READY=1")
