"""Supervisord, keeper and parts put each other back, whichever is killed; and end together when they are asked."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from orchestrator.app.down import lost_processes, stop_stack
from orchestrator.app.processes import ProcessRecord, is_alive, members
from orchestrator.app.state import StateFolder
from orchestrator.app.supervision import supervisord
from orchestrator.app.supervision.folder import SUPERVISOR

CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
SLEEPER = [sys.executable, "-c", CHILD + "print('up', flush=True); time.sleep(600)"]


@dataclass
class Stack:
    """Supervisord with one part that sleeps, and has a child that does."""

    folder: StateFolder
    run_dir: Path

    @property
    def part(self) -> ProcessRecord | None:
        return self.folder.parts.read_record("sleeper")

    @property
    def supervisor(self) -> ProcessRecord | None:
        return self.folder.parts.read_record(SUPERVISOR)

    def is_up(self) -> bool:
        return self.part is not None and is_alive(self.part) and len(members(self.part)) == 2

    def helper(self, module: str) -> psutil.Process:
        """The keeper, or the process that watches over the part."""
        (found,) = (one for one in members(self.supervisor) if module in " ".join(one.cmdline()))
        return found


@pytest.fixture
def stack(tmp_path: Path, until) -> Iterator[Stack]:
    folder = StateFolder(tmp_path / 'a state\'s "folder" 100% #1')
    folder.parts.path.mkdir(parents=True)
    folder.logs.mkdir()
    run_dir = folder.make_run_dir({})
    folder.parts.write_command("sleeper", SLEEPER, folder.logs / "sleeper.log")
    supervisord.write_config(folder.parts, ["sleeper"])
    env = supervisord.environment(os.environ, state_dir=folder.path, run_dir=run_dir)
    process = supervisord.start(env)
    stack = Stack(folder, run_dir)
    try:
        until(stack.is_up)
        yield stack
    finally:
        stop_stack(folder, None)
        process.wait()
        assert lost_processes(folder.path) == []


def is_another(record: ProcessRecord | None, before: ProcessRecord | None) -> bool:
    return record is not None and record != before and is_alive(record)


def test_a_part_that_is_killed_is_started_again_and_the_reason_noted(stack: Stack, until) -> None:
    before = stack.part
    orphan = members(before)[1]
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: is_another(stack.part, before) and stack.is_up())
    assert not orphan.is_running()
    assert [one.reason for one in stack.folder.parts.exits("sleeper")] == ["was killed by signal 9"]
    assert supervisord.part_states(stack.run_dir)["sleeper"].state in {"STARTING", "RUNNING"}


def test_a_part_whose_watcher_is_killed_is_started_again_and_never_runs_twice(stack: Stack, until) -> None:
    before = stack.part
    stack.helper("supervision.part").kill()
    until(lambda: is_another(stack.part, before) and stack.is_up())
    assert members(before) == []


def test_the_keeper_is_started_again(stack: Stack, until) -> None:
    before, part = stack.helper("supervision.keeper"), stack.part
    before.kill()
    until(lambda: not before.is_running() and any("keeper" in " ".join(p.cmdline()) for p in members(stack.supervisor)))
    assert stack.part == part


def test_supervisord_is_started_again_and_its_parts_with_it(stack: Stack, until) -> None:
    until(lambda: any("supervision.keeper" in " ".join(one.cmdline()) for one in members(stack.supervisor)))
    supervisor, part = stack.supervisor, stack.part
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: is_another(stack.supervisor, supervisor) and is_another(stack.part, part) and stack.is_up())
    assert members(part) == []


def test_all_but_supervisord_come_back(stack: Stack, until) -> None:
    part = stack.part
    for process in [*members(part), *members(stack.supervisor)[1:]]:
        process.kill()
    until(lambda: is_another(stack.part, part) and stack.is_up())


def test_an_asked_end_is_no_failure_and_leaves_nothing(stack: Stack) -> None:
    part, supervisor = stack.part, stack.supervisor
    stop_stack(stack.folder, None)
    assert members(part) == members(supervisor) == []
    assert stack.folder.parts.exits("sleeper") == []


def test_a_stack_whose_files_are_gone_is_found_and_stopped(stack: Stack) -> None:
    part = stack.part
    for file in stack.folder.parts.path.iterdir():
        file.unlink()
    found = {process.pid for process in lost_processes(stack.folder.path)}
    assert {part.pid, *(process.pid for process in members(part))} <= found
    stop_stack(stack.folder, None)
    assert members(part) == []


def test_the_last_hundred_exits_are_kept(stack: Stack) -> None:
    for code in range(105):
        stack.folder.parts.add_exit("other", code)
    kept = stack.folder.parts.exits("other")
    assert [one.exit_code for one in kept] == list(range(5, 105))
    assert json.loads((stack.folder.parts.path / "other.exits").read_text().splitlines()[-1])["exit_code"] == 104
