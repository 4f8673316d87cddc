"""One model server process, that ends with the process which started it."""

import asyncio
import os
import socket
import sys
import time
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
    """For its config, and its socket where it has one; short enough for one."""
    logs: Path
    node: str
    """Address of the machine; one that only this machine reaches means a UNIX socket in `folder`."""

    def address(self, name: str) -> str:
        """Returns where a server of that name listens: on its socket, or on a free port."""
        if self.node.startswith("127."):
            return f"unix:{self.folder / name}.sock"
        with socket.socket() as probe:
            probe.bind(("", 0))
            return f"{self.node}:{probe.getsockname()[1]}"


class ServerProcess:
    """A model server that was started.

    Args:
        process: It.
        address: Where it listens, as gRPC writes it.
        log: What it says.
    """

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self._process = process
        self.address = address
        self.log = log
        self.started_s = time.monotonic()

    @classmethod
    async def start(cls, config_file: Path, place: ServerPlace, name: str) -> "ServerProcess":
        """Returns a server that has been started and does not answer yet.

        Raises:
            FleetError: There is no program for it on this machine.
        """
        address = place.address(name)
        log = place.logs / f"model_server_{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_guarded(model_server_command(config_file, address)),
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env=_environment(),
            )
        return cls(process, address, log)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def require_running(self) -> None:
        """Returns while the process runs.

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
        """Asks it to answer what is under way and to end; ends it by force after `timeout_s`."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _guarded(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", str(_WATCHDOG), str(os.getpid()), *command]


def _environment() -> dict[str, str]:
    """Returns ours, without what Ray sets for code that runs in its own process."""
    return {name: value for name, value in os.environ.items() if name not in {"OMP_NUM_THREADS", "RAY_JOB_ID"}}
