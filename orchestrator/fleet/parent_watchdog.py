"""Runs a command that ends with its parent: python -I parent_watchdog.py PARENT_PID COMMAND ARGUMENT...

A model server must not outlive the Ray process that started it, even where that is killed. Linux ends it at once when
its parent ends (prctl); elsewhere this process stays, and looks for its parent twice a second.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> int:
    """Becomes the command, or returns its exit code."""
    parent, command = int(argv[0]), argv[1:]
    if not sys.platform.startswith("linux"):
        return _watch(parent, command)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 1  # the parent ended before it could be watched
    return os.execvp(command[0], command)  # noqa: S606 - the command is ours, and this does not come back


def _watch(parent: int, command: list[str]) -> int:
    with subprocess.Popen(command) as process:  # noqa: S603 - the command is ours
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while process.poll() is None:
            if os.getppid() != parent:
                process.kill()
            time.sleep(0.5)
        return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
