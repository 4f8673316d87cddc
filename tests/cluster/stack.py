"""A stack that is started and stopped by the commands that a user types."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from orchestrator.app.host_files import ask_host
from orchestrator.app.processes import members
from orchestrator.app.state import StackState, StateFolder


def facegrid(*args: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command line, with `env` added to the environment."""
    command = [sys.executable, "-m", "facegrid.cli.main", *map(str, args)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=environment)


def commands(processes: Iterable[psutil.Process]) -> dict[psutil.Process, str]:
    """Returns the command line of each process but of those that have ended since they were listed."""
    found = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found[process] = " ".join(process.cmdline())
    return found


@dataclass
class Stack:
    """A stack that was started for the tests."""

    state_dir: Path
    port: int
    ingress: str
    models_dir: Path
    flags: tuple[object, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    def up(self) -> subprocess.CompletedProcess[str]:
        where = ("--port", self.port, "--state-dir", self.state_dir, "--models-dir", self.models_dir)
        return facegrid("up", *where, "--ingress", self.ingress, "--timeout-s", 150, *self.flags, env=self.env)

    def down(self) -> subprocess.CompletedProcess[str]:
        return facegrid("down", "--state-dir", self.state_dir)

    def status(self) -> tuple[int, dict]:
        result = facegrid("status", "--json", "--state-dir", self.state_dir)
        return result.returncode, json.loads(result.stdout)

    @property
    def state(self) -> StackState:
        state = StateFolder(self.state_dir).load()
        assert state is not None
        return state

    def processes(self) -> list[psutil.Process]:
        return [process for record in StateFolder(self.state_dir).parts.records() for process in members(record)]

    def model_server_pid(self) -> int:
        answer = ask_host(self.state.run_dir, {}, timeout_s=30)
        assert answer is not None
        return answer["servers"][0]["pid"]

    def replicas(self) -> list[psutil.Process]:
        return [
            process
            for process, command in commands(self.processes()).items()
            if "ServeReplica:facegrid:FaceService" in command
        ]


def run(stack: Stack) -> Iterator[Stack]:
    """Starts a stack, gives it, stops it, and looks at what it left."""
    try:
        started = stack.up()
        assert started.returncode == 0, started.stderr
        yield stack
        processes, run_dir = stack.processes(), stack.state.run_dir
    finally:
        stopped = stack.down()
    assert stopped.returncode == 0, stopped.stderr
    assert [process for process in processes if process.is_running()] == []
    assert not run_dir.exists()
    assert [file.name for file in stack.state_dir.iterdir() if file.name not in {"gallery", "lock", "logs"}] == []
