"""One model server process, which ends when the process that started it does."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, STDOUT

from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.model_server import model_server_command

_WATCHDOG = Path(__file__).with_name("parent_watchdog.py")
_LOG_LINES = 15


@dataclass(frozen=True)
class ServerPlace:
    """Where a server's files lie and where it listens."""

    folder: Path
    """For its config and its socket; a path short enough for a socket's."""
    logs: Path
    node: str
    """Address of the machine; a loopback address means a UNIX socket in `folder`."""

    def address(self, name: str) -> str:
        """Returns the address of a server of that name: its socket, or a free port."""
        if self.node.startswith("127."):
            return f"unix:{self.folder / name}.sock"
        with socket.socket() as probe:
            probe.bind(("", 0))
            return f"{self.node}:{probe.getsockname()[1]}"


class ModelServerProcess:
    """A model server process; `start` makes it.

    Args:
        process: That was started.
        address: Where it listens, as gRPC writes it.
        log: Its output.
    """

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self._process = process
        self.address = address
        self.log = log

    @classmethod
    async def start(cls, config_file: Path, place: ServerPlace, name: str) -> "ModelServerProcess":
        """Returns a process that has been started; it does not answer yet.

        Raises:
            FleetError: There is no program for it on this machine.
        """
        address = place.address(name)
        log = place.logs / f"model_server_{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_watched(model_server_command(config_file, address)),
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env=_environment(),
            )
        return cls(process, address, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def require_running(self) -> None:
        """Returns if the process runs.

        Raises:
            FleetError: It has ended; the message has the end of its log.
        """
        if self._process.returncode is None:
            return
        last = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
        raise FleetError(
            f"the model server ended with exit code {self._process.returncode}; the end of its log:\n{last}",
            f"the whole log is {self.log}",
        )

    async def stop(self, *, timeout_s: float) -> None:
        """Makes it complete the calls under way and end; kills it after `timeout_s`."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _watched(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", str(_WATCHDOG), str(os.getpid()), *command]


def _environment() -> dict[str, str]:
    """Returns this process's environment, without what Ray sets for code in its own processes."""
    return {name: value for name, value in os.environ.items() if name not in {"OMP_NUM_THREADS", "RAY_JOB_ID"}}
