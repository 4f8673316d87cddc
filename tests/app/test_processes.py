"""Processes are recognised after their starter has gone, never mistaken, and stopped with their descendants."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.app.processes import Child, ProcessRecord, is_alive, members, stop

SLEEP = "import time; time.sleep(600)"
SLEEPER = [sys.executable, "-c", SLEEP]
SPAWN = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print('started', flush=True);"
PARENT = [sys.executable, "-c", SPAWN + SLEEP]
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True);"
STUBBORN = [sys.executable, "-c", IGNORE + SLEEP]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    children: list[Child] = []

    def start_one(command: list[str]) -> Child:
        child = Child("sleeper", command, env=os.environ, log=tmp_path / f"{len(children)}.log")
        children.append(child)
        return child

    yield start_one
    stop([child.record for child in children], timeout_s=0)
    for child in children:
        child.exit_code()


def wait_for_word(child: Child, until, word: str = "started") -> None:
    until(lambda: word in child.log.read_text())


def test_a_running_process_is_alive_and_a_stopped_one_is_not(start) -> None:
    child = start(SLEEPER)
    assert is_alive(child.record)
    assert stop([child.record], timeout_s=10) == []
    assert not is_alive(child.record)
    assert members(child.record) == []


def test_the_output_is_in_the_log(start, until) -> None:
    child = start([sys.executable, "-c", "import sys; print('to stdout'); print('to stderr', file=sys.stderr)"])
    until(lambda: child.exit_code() is not None)
    assert sorted(child.log.read_text().split("\n")) == ["", "to stderr", "to stdout"]


def test_a_process_that_ended_tells_its_exit_code(start, until) -> None:
    child = start([sys.executable, "-c", "raise SystemExit(7)"])
    until(lambda: child.exit_code() is not None)
    assert child.exit_code() == 7


def test_descendants_are_members_and_are_stopped(start, until) -> None:
    child = start(PARENT)
    wait_for_word(child, until)
    until(lambda: len(members(child.record)) == 2)
    pids = [process.pid for process in members(child.record)]
    assert pids[0] == child.record.pid
    stop([child.record], timeout_s=2)
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


def test_descendants_are_found_after_the_leader_was_killed(start, until) -> None:
    child = start(PARENT)
    wait_for_word(child, until)
    until(lambda: len(members(child.record)) == 2)
    os.kill(child.record.pid, signal.SIGKILL)
    until(lambda: child.exit_code() is not None)
    assert len(members(child.record)) == 1
    stop([child.record], timeout_s=0)
    assert members(child.record) == []


def test_a_process_that_ignores_the_request_is_forced_and_reported(start, until) -> None:
    child = start(STUBBORN)
    wait_for_word(child, until)
    assert stop([child.record], timeout_s=0.2) == [child.record]
    assert not is_alive(child.record)


def test_another_process_with_the_same_number_is_left_alone() -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as other:
        started_at_s = psutil.Process(other.pid).create_time()
        record = ProcessRecord("ours, long gone", other.pid, started_at_s - 100)
        assert not is_alive(record)
        assert members(record) == []
        stop([record], timeout_s=0)
        assert other.poll() is None
        # The same number and the same start is the same process.
        assert is_alive(replace(record, started_at_s=started_at_s))
        other.kill()


def test_a_number_that_nobody_has_is_not_alive(start, until) -> None:
    child = start([sys.executable, "-c", ""])
    until(lambda: child.exit_code() is not None)
    assert not is_alive(child.record)
    assert stop([child.record], timeout_s=0) == []
