"""Supervisord for one stack: what it runs, how it is started, and what it says of its parts."""

import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy, Transport

from orchestrator.app.processes import ProcessRecord, is_alive, record_of
from orchestrator.app.supervision.folder import RUN_DIR_VARIABLE, STATE_DIR_VARIABLE, SUPERVISOR, PartsFolder
from orchestrator.app.supervision.part import STOP_TIMEOUT_S

SETTLED_S = 15
RESTARTS = 8
"""One, two, three ... seconds apart."""
KEEPER = "keeper"

_SOCKET = "s"
_ANSWER_TIMEOUT_S = 5.0
_PYTHON_VARIABLE = "FACEGRID_SUPERVISED_PYTHON"
_LOGS_VARIABLE = "FACEGRID_SUPERVISED_LOGS"

# Paths come from variables: supervisord would take a quote, a percent sign or " #" in them for syntax.
_HEAD = f"""\
[unix_http_server]
file=%(ENV_{RUN_DIR_VARIABLE})s/{_SOCKET}
chmod=0700

[supervisord]
nodaemon=true
minfds=256
minprocs=1

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = f"""
[program:{{name}}]
command="%(ENV_{_PYTHON_VARIABLE})s" -m orchestrator.app.supervision.{{module}}
autorestart=true
startsecs={{startsecs}}
startretries={{startretries}}
stopwaitsecs={{stopwaitsecs}}
redirect_stderr=true
stdout_logfile=%(ENV_{_LOGS_VARIABLE})s/supervised.log
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=1
"""


@dataclass(frozen=True)
class PartState:
    """What supervisord says of a part."""

    name: str
    state: str
    """STARTING or RUNNING: it runs; BACKOFF: it waits for its next start; FATAL: supervisord gave it up."""


def write_config(
    folder: PartsFolder, parts: Sequence[str], *, settled_s: int = SETTLED_S, restarts: int = RESTARTS
) -> None:
    """Writes supervisord's configuration.

    Args:
        folder: Of the stack.
        parts: Names, in the order in which they start.
        settled_s: A part that ends within this time after its start counts as one that failed to start.
        restarts: Failed starts in a row after which supervisord gives a part up.
    """
    programs = [
        _PROGRAM.format(
            name=name,
            module=f"part {name}",
            startsecs=settled_s,
            startretries=restarts,
            stopwaitsecs=round(STOP_TIMEOUT_S + 10),
        )
        for name in parts
    ]
    keeper = _PROGRAM.format(name=KEEPER, module="keeper", startsecs=0, startretries=1000, stopwaitsecs=5)
    folder.config_file.write_text("".join([_HEAD, keeper, *programs]), encoding="utf-8")


def environment(env: Mapping[str, str], *, state_dir: Path, run_dir: Path) -> dict[str, str]:
    """Returns `env` with what supervisord, the keeper and the parts have to know."""
    return dict(env) | {
        STATE_DIR_VARIABLE: str(state_dir),
        RUN_DIR_VARIABLE: str(run_dir),
        _LOGS_VARIABLE: str(PartsFolder(state_dir / "parts").logs).replace("%", "%%"),  # which supervisord reads twice
        _PYTHON_VARIABLE: sys.executable,
    }


def start(env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Starts supervisord in a session of its own and notes its process.

    Args:
        env: What `environment` returned.
    """
    folder = PartsFolder.from_environment(env)
    logs = folder.logs
    command = [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", f"--configuration={folder.config_file}"]
    command += [f"--logfile={logs / 'supervisor.log'}", f"--pidfile={folder.path / 'supervisord.pid'}"]
    with (logs / "supervised.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            start_new_session=True,
        )
    folder.write_record(record_of(SUPERVISOR, process.pid))
    return process


def release(process: "subprocess.Popen[bytes]") -> None:
    """Leaves supervisord running: from now on its record alone knows it."""
    process.returncode = 0  # else the destructor would complain that nobody waited


def running(folder: PartsFolder) -> ProcessRecord | None:
    """Returns supervisord's process if it runs."""
    record = folder.read_record(SUPERVISOR)
    return record if record is not None and is_alive(record) else None


def part_states(run_dir: Path) -> dict[str, PartState] | None:
    """Returns what supervisord says of each part, the keeper left out; None where it does not answer."""
    with ServerProxy("http://localhost", transport=_UnixTransport(run_dir / _SOCKET)) as server:
        try:
            answers: Any = server.supervisor.getAllProcessInfo()
        except (OSError, HTTPException, Fault):
            return None
    return {one["name"]: PartState(one["name"], one["statename"]) for one in answers if one["name"] != KEEPER}


class _UnixTransport(Transport):
    """XML-RPC over a UNIX socket, with a bound on the time of an answer."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> HTTPConnection:
        connection = HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(_ANSWER_TIMEOUT_S)
        try:
            connection.sock.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        self._connection = host, connection  # which `close` closes
        return connection
