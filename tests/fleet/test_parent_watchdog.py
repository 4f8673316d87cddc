"""A guarded process ends with its parent, however that ends."""

import os
import signal
import subprocess
import sys
import time

import psutil

from orchestrator.fleet.server_process import _WATCHDOG

SLEEP = [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(600)"]
PARENT = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", {str(_WATCHDOG)!r}, str(os.getpid()), *{SLEEP!r}])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        lines = [parent.stdout.readline() for _ in range(2)]
        (child,) = (int(line) for line in lines if line.strip().isdigit())
        assert not is_gone(child)
        parent.send_signal(signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while not is_gone(child):
            assert time.monotonic() < deadline_s
            time.sleep(0.02)


def test_it_does_not_start_for_a_parent_that_is_gone() -> None:
    done = subprocess.run([sys.executable, "-I", _WATCHDOG, "1", *SLEEP], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_it_becomes_the_command_and_ends_as_that_does() -> None:
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    done = subprocess.run([sys.executable, "-I", _WATCHDOG, str(os.getpid()), *command], timeout=20, check=False)
    assert done.returncode == 7
