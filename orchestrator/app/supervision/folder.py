"""What the supervised processes know of each other: small files in the state folder, one set for each part."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.app.processes import ProcessRecord
from orchestrator.atomic_file import replace_file

STATE_DIR_VARIABLE = "FACEGRID_SUPERVISED_STATE_DIR"
"""State folder of the stack that a supervised process belongs to; also how a process of a lost stack is recognised."""
RUN_DIR_VARIABLE = "FACEGRID_SUPERVISED_RUN_DIR"

SUPERVISOR = "supervisor"
_EXITS_KEPT = 100


@dataclass(frozen=True)
class PartExit:
    """How a part ended that was not meant to."""

    at_s: float
    """When, in seconds since the epoch."""
    reason: str
    """For people: `was killed by signal 9`."""
    exit_code: int
    """Negative for a signal."""


class PartsFolder:
    """The files about supervised processes.

    Args:
        path: Of the folder, inside the state folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "PartsFolder":
        """Returns the folder that a supervised process is told of by its environment."""
        return cls(Path(env[STATE_DIR_VARIABLE]) / "parts")

    @property
    def logs(self) -> Path:
        """Where every process of the stack writes its log; kept until the next `up`."""
        return self.path.parent / "logs"

    @property
    def config_file(self) -> Path:
        """What supervisord runs."""
        return self.path / "supervisord.conf"

    def write_command(self, name: str, command: Sequence[str], log: Path) -> None:
        """Writes what a part runs, and where its output goes."""
        self._write(f"{name}.command", json.dumps({"command": list(command), "log": str(log)}))

    def read_command(self, name: str) -> tuple[list[str], Path]:
        """Returns what `write_command` wrote."""
        fields = json.loads((self.path / f"{name}.command").read_text(encoding="utf-8"))
        return fields["command"], Path(fields["log"])

    def write_record(self, record: ProcessRecord) -> None:
        """Writes which process a part is now."""
        self._write(f"{record.name}.process", json.dumps(asdict(record)))

    def read_record(self, name: str) -> ProcessRecord | None:
        """Returns which process a part is, or was last; None: it was never started."""
        try:
            return ProcessRecord(**json.loads((self.path / f"{name}.process").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def supervisor_pid(self) -> int:
        """Returns the number of the supervisord that started this process.

        A process that asked for its parent when it begins would miss that supervisord was killed before.
        """
        supervisor = self.read_record(SUPERVISOR)
        return os.getppid() if supervisor is None else supervisor.pid

    def records(self) -> list[ProcessRecord]:
        """Returns the processes of all parts, the supervisor first."""
        names = sorted(file.stem for file in self.path.glob("*.process"))
        found = [self.read_record(name) for name in sorted(names, key=lambda name: name != SUPERVISOR)]
        return [record for record in found if record is not None]

    def add_exit(self, name: str, exit_code: int) -> None:
        """Notes that a part ended although it should not."""
        reason = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
        lines = [json.dumps(asdict(one)) for one in [*self.exits(name), PartExit(time.time(), reason, exit_code)]]
        self._write(f"{name}.exits", "\n".join(lines[-_EXITS_KEPT:]))

    def exits(self, name: str) -> list[PartExit]:
        """Returns how a part ended since `up`, the latest last; at most the last hundred."""
        try:
            lines = (self.path / f"{name}.exits").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [PartExit(**json.loads(line)) for line in lines]

    def begin_stopping(self) -> None:
        """Tells the keeper that supervisord is meant to end."""
        self.path.mkdir(exist_ok=True)
        (self.path / "stopping").touch()

    def is_stopping(self) -> bool:
        """Returns whether the stack is being stopped."""
        return (self.path / "stopping").exists()

    def _write(self, name: str, text: str) -> None:
        replace_file(self.path / name, text.encode() + b"\n", durable=False)
