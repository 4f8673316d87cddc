"""Processes are recognised after their starter has gone, never mistaken, and stopped with their descendants."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.app.processes import Child, is_alive, members, record_of, stop, uptime_s

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
        record = replace(
            record_of("ours, long gone", other.pid), start_ticks=record_of("x", other.pid).start_ticks - 100
        )
        assert not is_alive(record)
        assert members(record) == []
        stop([record], timeout_s=0)
        assert other.poll() is None
        # The same number and the same start is the same process.
        same = record_of("the same", other.pid)
        assert is_alive(same)
        assert [process.pid for process in members(same)] == [other.pid]
        # After a boot numbers and ticks may come again.
        assert not is_alive(replace(same, boot_id="another"))
        assert members(replace(same, boot_id="another")) == []
        other.kill()


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="reads /proc/stat")
def test_the_start_counts_from_the_boot_not_from_the_wall_clock() -> None:
    clock_ticks = os.sysconf("SC_CLK_TCK")
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    with subprocess.Popen(SLEEPER) as other:
        after = time.clock_gettime(time.CLOCK_BOOTTIME)
        record = record_of("sleeper", other.pid)
        assert before - 1 / clock_ticks <= record.start_ticks / clock_ticks <= after
        assert uptime_s(record) <= time.clock_gettime(time.CLOCK_BOOTTIME) - before + 1 / clock_ticks
        other.kill()


def test_a_name_with_brackets_and_spaces_hides_no_start(tmp_path: Path) -> None:
    program = tmp_path / "a ) b 1 2 ("
    program.symlink_to(shutil.which("sleep"))
    with subprocess.Popen([program, "600"]) as other:
        (ours, plain) = record_of("odd", other.pid), record_of("us", os.getpid())
        assert plain.start_ticks <= ours.start_ticks <= plain.start_ticks + 3600 * os.sysconf("SC_CLK_TCK")
        other.kill()


def test_a_number_that_nobody_has_is_not_alive(start, until) -> None:
    child = start([sys.executable, "-c", ""])
    until(lambda: child.exit_code() is not None)
    assert not is_alive(child.record)
    assert stop([child.record], timeout_s=0) == []
