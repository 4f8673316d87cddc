"""The state of a stack, as the processes themselves report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from facegrid.answers.faces import Health
from orchestrator.app.down import lost_processes
from orchestrator.app.errors import StackError
from orchestrator.app.health import service_health
from orchestrator.app.host_files import read_serve_status
from orchestrator.app.metrics_page import ReplicaMetrics, read_replicas
from orchestrator.app.options import stop_command
from orchestrator.app.processes import ProcessRecord, is_alive, members, uptime_s
from orchestrator.app.state import StackState, StateFolder
from orchestrator.app.supervision.folder import SUPERVISOR, PartExit
from orchestrator.app.supervision.supervisord import PartState, part_states
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.model_config import model_names, read_model_config
from orchestrator.fleet.model_server import ModelVersion, missing_models

_ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class ProcessStatus:
    """One of the stack's own processes, with its descendants."""

    name: str
    pid: int
    alive: bool
    processes: int
    """Number of processes in its session."""
    state: str
    """RUNNING, STARTING, BACKOFF or FATAL, as supervisord says; UNKNOWN where it does not answer."""
    restarts: int
    """Times that it ended and was started again since `up`; a hundred at most."""
    last_exit: str
    """How it ended last, a few words; empty where it did not."""
    last_exit_at_s: float | None
    """When, in seconds since the epoch."""
    memory_mb: float
    """Memory of all of them; shared pages are counted once if the system says so (Linux)."""
    uptime_s: float


@dataclass(frozen=True)
class StackStatus:
    """The whole stack."""

    state: StackState
    serving: bool
    """Whether a client's call would be answered: every part is well."""
    health: Health | None
    """The health that the service reports; None if it does not answer."""
    models: list[ModelVersion] | None
    """None if the model server does not answer."""
    serve: dict[str, Any] | None
    """Application, message and deployments, as Ray Serve reports; None if the serve host does not answer."""
    processes: list[ProcessStatus]
    replicas: list[ReplicaMetrics]
    """The replicas of the orchestrator, with their metrics."""


def stack_status(state_dir: Path) -> StackStatus | None:
    """Returns the status of the stack of a state folder, or None if none was started.

    Raises:
        StackError: A stack runs whose files are gone.
    """
    folder = StateFolder(state_dir)
    state = folder.load()
    if state is None or not state.run_dir.is_dir():
        _require_files(state, state_dir)
        return None
    health = service_health(state.ingress_address, timeout_s=_ANSWER_TIMEOUT_S)
    serve = read_serve_status(state.run_dir, timeout_s=_ANSWER_TIMEOUT_S)
    models, complete = _models(state, serve)
    states = part_states(state.run_dir) or {}
    processes = [_process(record, states, folder.parts.exits(record.name)) for record in folder.parts.records()]
    return StackStatus(
        state=state,
        serving=complete
        and health is Health.SERVING
        and serve is not None
        and serve["application"] == "RUNNING"
        and all(process.alive for process in processes),
        health=health,
        models=models,
        serve=serve,
        processes=processes,
        replicas=read_replicas(folder.metrics, timeout_s=_ANSWER_TIMEOUT_S),
    )


def given_up(folder: StateFolder) -> str | None:
    """Returns the name of a part that supervisord gave up; None where there is none."""
    state = folder.load()
    states = (part_states(state.run_dir) if state is not None else None) or {}
    return next((name for name, one in states.items() if one.state == "FATAL"), None)


def _require_files(state: StackState | None, state_dir: Path) -> None:
    """Returns where nothing runs.

    Raises:
        StackError: A stack runs whose files are gone.
    """
    if lost := lost_processes(state_dir):
        gone = state_dir if state is None else state.run_dir
        raise StackError(
            f"the service runs ({len(lost)} processes), but its files in {gone} are gone",
            f"stop it with: {stop_command(state_dir)}",
        )


def _models(state: StackState, serve: dict[str, Any] | None) -> tuple[list[ModelVersion] | None, bool]:
    """Returns the versions that the model servers report, and whether every model has one that is available."""
    try:
        names = model_names(read_model_config(state.config_file))
    except FleetError:
        return None, False  # `up` has not come so far
    versions = None if serve is None else _of_fleet(serve["servers"])
    return versions, versions is not None and not missing_models(versions, names)


def _of_fleet(servers: list[dict[str, Any]]) -> list[ModelVersion]:
    """Returns the versions that at least one server has."""
    found = {
        (model, version) for server in servers for model, versions in server["versions"].items() for version in versions
    }
    return [ModelVersion(model, version, "AVAILABLE", "") for model, version in sorted(found)]


def _process(record: ProcessRecord, states: Mapping[str, PartState], exits: Sequence[PartExit]) -> ProcessStatus:
    session = members(record)
    default = "RUNNING" if record.name == SUPERVISOR else "UNKNOWN"
    return ProcessStatus(
        name=record.name,
        pid=record.pid,
        alive=is_alive(record),
        processes=len(session),
        state=states[record.name].state if record.name in states else default,
        restarts=len(exits),
        last_exit=exits[-1].reason if exits else "",
        last_exit_at_s=exits[-1].at_s if exits else None,
        memory_mb=sum(_memory_bytes(process) for process in session) / 2**20,
        uptime_s=uptime_s(record),
    )


def _memory_bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return 0
    return int(getattr(memory, "pss", memory.rss))
