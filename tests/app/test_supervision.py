"""Supervisord, keeper and parts put each other back, whichever is killed; and end together when they are asked."""

import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from orchestrator.app.down import lost_processes, stop_stack
from orchestrator.app.processes import ProcessRecord, is_alive, members
from orchestrator.app.state import StateFolder
from orchestrator.app.status import given_up
from orchestrator.app.supervision import supervisord
from orchestrator.app.supervision.folder import SUPERVISOR
from orchestrator.app.up import running_stack
from tests.app.example_state import some_state
from tests.support.polling import eventually

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

    def is_whole(self) -> bool:
        return self.is_up() and any("supervision.keeper" in " ".join(one.cmdline()) for one in members(self.supervisor))

    def helper(self, module: str) -> psutil.Process:
        """The keeper, or the process that watches over the part."""
        (found,) = (one for one in members(self.supervisor) if module in " ".join(one.cmdline()))
        return found


@contextmanager
def supervised_sleeper(folder: Path) -> Iterator[Stack]:
    state = StateFolder(folder / 'a state\'s "folder" 100% #1')
    state.parts.path.mkdir(parents=True)
    state.logs.mkdir()
    run_dir = state.make_run_dir({})
    state.parts.write_command("sleeper", SLEEPER, state.logs / "sleeper.log")
    supervisord.write_config(state.parts, ["sleeper"])
    process = supervisord.start(supervisord.environment(os.environ, state_dir=state.path, run_dir=run_dir))
    try:
        yield Stack(state, run_dir)
    finally:
        stop_stack(state, None)
        process.wait()
        assert lost_processes(state.path) == []


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with supervised_sleeper(tmp_path_factory.mktemp("shared")) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack, until) -> Stack:
    """One that the tests before have killed parts of, and that is up again."""
    until(shared_stack.is_whole)
    return shared_stack


@pytest.fixture
def own_stack(tmp_path: Path, until) -> Iterator[Stack]:
    with supervised_sleeper(tmp_path) as stack:
        until(stack.is_whole)
        yield stack


def is_another(record: ProcessRecord | None, before: ProcessRecord | None) -> bool:
    return record is not None and record != before and is_alive(record)


def test_a_part_that_is_killed_is_started_again_and_the_reason_noted(stack: Stack, until) -> None:
    before = stack.part
    orphan = members(before)[1]
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: is_another(stack.part, before) and stack.is_up())
    assert not orphan.is_running()
    assert stack.folder.parts.exits("sleeper")[-1].reason == "was killed by signal 9"
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
    supervisor, part = stack.supervisor, stack.part
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: is_another(stack.supervisor, supervisor) and is_another(stack.part, part) and stack.is_up())
    assert members(part) == []


def test_all_but_supervisord_come_back(stack: Stack, until) -> None:
    part = stack.part
    for process in [*members(part), *members(stack.supervisor)[1:]]:
        process.kill()
    until(lambda: is_another(stack.part, part) and stack.is_up())


def test_a_cleaner_of_temporary_files_finds_the_run_folder_locked_and_in_use(stack: Stack) -> None:
    socket = stack.run_dir / "an_old_socket"
    socket.touch()
    link = stack.run_dir / "link"
    link.symlink_to(stack.run_dir)
    for path in (socket, link):
        os.utime(path, (0, 0), follow_symlinks=False)

    def is_locked() -> bool:
        descriptor = os.open(stack.run_dir, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as systemd-tmpfiles tries it
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    eventually(is_locked, "the keeper holds the lock", 60)
    eventually(lambda: socket.lstat().st_mtime > 0 and link.lstat().st_mtime > 0, "both are touched", 60)


def test_an_asked_end_is_no_failure_and_leaves_nothing(own_stack: Stack) -> None:
    part, supervisor = own_stack.part, own_stack.supervisor
    stop_stack(own_stack.folder, None)
    assert members(part) == members(supervisor) == []
    assert own_stack.folder.parts.exits("sleeper") == []


def test_a_stack_whose_files_are_gone_is_found_and_stopped(own_stack: Stack) -> None:
    part = own_stack.part
    for file in own_stack.folder.parts.path.iterdir():
        file.unlink()
    found = {process.pid for process in lost_processes(own_stack.folder.path)}
    assert {part.pid, *(process.pid for process in members(part))} <= found
    stop_stack(own_stack.folder, None)
    assert members(part) == []


def test_a_part_that_never_starts_is_given_up_and_named(tmp_path: Path, until) -> None:
    folder = StateFolder(tmp_path)
    folder.parts.path.mkdir()
    folder.logs.mkdir()
    state = some_state(folder.make_run_dir({}))
    folder.save(state)
    folder.parts.write_command("broken", [sys.executable, "-c", "raise SystemExit(7)"], folder.logs / "broken.log")
    supervisord.write_config(folder.parts, ["broken"], restarts=1)
    env = supervisord.environment(os.environ, state_dir=folder.path, run_dir=state.run_dir)
    process = supervisord.start(env)
    try:
        eventually(lambda: given_up(folder) == "broken", "supervisord gives it up", 60)
        assert [one.exit_code for one in folder.parts.exits("broken")] == [7, 7]
        assert supervisord.part_states(state.run_dir)["broken"].state == "FATAL"
        assert running_stack(folder) is None  # `up` would start it again
        assert folder.load() is None
    finally:
        stop_stack(folder, state)
        process.wait()


def test_the_last_hundred_exits_are_kept(stack: Stack) -> None:
    for code in range(105):
        stack.folder.parts.add_exit("other", code)
    kept = stack.folder.parts.exits("other")
    assert [one.exit_code for one in kept] == list(range(5, 105))
    assert json.loads((stack.folder.parts.path / "other.exits").read_text().splitlines()[-1])["exit_code"] == 104
