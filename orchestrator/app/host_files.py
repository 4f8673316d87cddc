"""How the serve host reports to its starter: steps done, in a file, and the state of Serve, on a socket."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEPS_FILE = "steps.jsonl"
STATUS_SOCKET = "serve_host.sock"
EXIT_TRY_AGAIN = 75
"""Exit code of a serve host that may do better when it is started again (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True)
class StartStep:
    """A step of the start, done."""

    name: str
    seconds: float
    """Time since the serve host began."""


def begin_steps(run_dir: Path) -> None:
    """Removes the files of an earlier serve host."""
    (run_dir / STEPS_FILE).unlink(missing_ok=True)
    (run_dir / STATUS_SOCKET).unlink(missing_ok=True)


def write_step(run_dir: Path, step: StartStep) -> None:
    """Appends a step."""
    with (run_dir / STEPS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"name": step.name, "seconds": round(step.seconds, 2)}) + "\n")


def read_steps(run_dir: Path) -> list[StartStep]:
    """Returns the steps done so far."""
    try:
        lines = (run_dir / STEPS_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [StartStep(**json.loads(line)) for line in lines if line.endswith("\n")]  # the last may be half written


def read_serve_status(run_dir: Path, *, timeout_s: float) -> dict[str, Any] | None:
    """Returns application, message, deployments and model servers, or None if the host does not answer."""
    return ask_host(run_dir, {}, timeout_s=timeout_s)


def ask_host(run_dir: Path, question: dict[str, Any], *, timeout_s: float) -> dict[str, Any] | None:
    """Returns the serve host's answer to a question (serve_fleet.py), or None if it does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(run_dir / STATUS_SOCKET))
            connection.sendall(json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer: dict[str, Any] = json.load(file)
        except (OSError, ValueError):
            return None
    return answer
