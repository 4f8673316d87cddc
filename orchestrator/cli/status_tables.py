"""How `facegrid status` shows the stack: a table of its parts, one of the replicas' work, one of the model servers'."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group
from rich.table import Table

from orchestrator.app.load import ReplicaLoad, ServerLoad, replica_load, server_loads
from orchestrator.app.metrics_page import MetricsPage
from orchestrator.app.status import ProcessStatus, StackStatus
from orchestrator.app.supervision.folder import SUPERVISOR


@dataclass(frozen=True)
class StackLoad:
    """What the replicas did in a period."""

    replicas: list[tuple[int, str, ReplicaLoad | None]]
    """Process, address of the metrics, and work; None where the replica does not answer."""
    servers: list[ServerLoad]
    period: str
    """In words."""


@dataclass(frozen=True)
class StatusSnapshot:
    """The status of the stack at a moment; None where there is no stack."""

    status: StackStatus | None
    at_s: float = field(default_factory=time.monotonic)

    def since(self, earlier: "StatusSnapshot") -> StackLoad:
        """Returns what the replicas did since an earlier snapshot; new replicas count from their start."""
        before = earlier.status.replicas if earlier.status else []
        pages = {one.target: one.page for one in before}
        period_s = self.at_s - earlier.at_s
        return _load(self.status, pages, period_s, f"last {period_s:.0f} s")


def since_start(status: StackStatus) -> StackLoad:
    """Returns what the replicas did since the stack was started."""
    period_s = max(time.time() - status.state.started_at_s, 1.0)
    return _load(status, {}, period_s, "since the start")


def _load(
    status: StackStatus | None, earlier: dict[Any, MetricsPage | None], period_s: float, period: str
) -> StackLoad:
    replicas = status.replicas if status else []
    pairs = [(one, one.page, earlier.get(one.target)) for one in replicas]
    return StackLoad(
        [
            (one.target.pid, one.target.address, None if page is None else replica_load(page, before, period_s))
            for one, page, before in pairs
        ],
        server_loads([(page, before) for _, page, before in pairs if page is not None], period_s),
        period,
    )


def view(status: StackStatus, load: StackLoad) -> Group:
    """Returns everything for a terminal."""
    return Group(_parts(status), _replicas(load), _servers(load))


def as_json(status: StackStatus) -> dict[str, Any]:
    """Returns everything for programs."""
    load = since_start(status)
    return {
        "running": True,
        "serving": status.serving,
        "address": status.state.address,
        "ingress": status.state.ingress,
        "tls": status.state.has_tls,
        "health": status.health,
        "ray_serve": status.serve,
        "models": None if status.models is None else [asdict(one) for one in status.models],
        "processes": [asdict(one) for one in status.processes],
        "replicas": [
            {"pid": pid, "metrics": f"http://{address}/metrics", "load": None if work is None else asdict(work)}
            for pid, address, work in load.replicas
        ],
        "model_calls": [asdict(one) for one in load.servers],
    }


def _replicas(load: StackLoad) -> Table:
    headings = ("process", "metrics", "req/s", "err/s", "busy", "streams", "p50 ms", "p99 ms", "errors")
    table = _table(f"orchestrator, {load.period}", headings)
    for pid, address, work in load.replicas:
        if work is None:
            table.add_row(str(pid), address, *["-"] * 6, "no answer")
            continue
        errors = "\n".join(f"{count} {reason}" for reason, count in sorted(work.errors.items()))
        table.add_row(
            str(pid),
            address,
            f"{work.requests_per_s:.1f}",
            f"{work.errors_per_s:.1f}",
            str(work.in_progress),
            str(work.streams_open),
            _ms(work.p50_ms),
            _ms(work.p99_ms),
            errors or "-",
        )
    return table


def _servers(load: StackLoad) -> Table:
    headings = ("model", "version", "server", "calls/s", "failed/s", "busy", "mean ms")
    table = _table(f"calls of model servers, {load.period}", headings)
    for one in load.servers:
        table.add_row(
            one.model,
            one.version or "-",
            one.endpoint.rpartition("/")[2],  # of a socket the name, which is the server's
            f"{one.calls_per_s:.1f}",
            f"{one.failed_per_s:.1f}",
            str(one.in_flight),
            _ms(one.mean_ms),
        )
    return table


def _table(title: str, headings: tuple[str, ...]) -> Table:
    """Returns a table without lines, whose words stay whole at 80 columns."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=heading not in {"state", "errors"}, overflow="fold")
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _parts(status: StackStatus) -> Table:
    table = _table("", ("part", "process", "memory", "uptime", "state"))
    processes = {process.name: process for process in status.processes}

    def row(part: str, state: str, name: str) -> None:
        process = processes.get(name)
        if process is None:
            table.add_row(part, "-", "-", "-", state)
            return
        pid = f"{process.pid} (+{max(process.processes - 1, 0)})" if process.alive else f"{process.pid} gone"
        memory, uptime = f"{process.memory_mb:.0f} MB", _duration(process.uptime_s)
        table.add_row(part, pid, memory, uptime, "\n".join([state, *_history(process)]))

    table.add_row("service", "", "", "", f"{status.health or 'no answer'} on {status.state.address}")
    row("supervisor", "running" if processes.get(SUPERVISOR) else "gone", SUPERVISOR)
    if status.state.has_tls:
        row("TLS proxy", f"in front of {status.state.ingress_address}", "tls_proxy")
    row("Ray Serve", _serve_text(status), "serve_host")
    for server in (status.serve or {}).get("servers", ()):
        versions = ", ".join(f"{model} {'/'.join(map(str, of))}" for model, of in server["versions"].items())
        table.add_row("model server", str(server["pid"]), "", "", f"{server['id']}: {versions}")
    return table


def _history(process: ProcessStatus) -> list[str]:
    """Returns a line each for a state that is not as it should be, and for what happened since `up`."""
    lines = []
    if process.state == "FATAL":
        lines.append("given up: it failed too often; see its log, then run facegrid up")
    elif process.state == "BACKOFF":
        lines.append("waits before it is started again")
    if process.restarts:
        times = "once" if process.restarts == 1 else f"{process.restarts} times"
        when = "" if process.last_exit_at_s is None else f" on {time.ctime(process.last_exit_at_s)}"
        lines.append(f"started again {times}; last it {process.last_exit}{when}")
    return lines


def _serve_text(status: StackStatus) -> str:
    if status.serve is None:
        return "no answer"
    lines = [f"{status.serve['application']}, ingress {status.state.ingress}"]
    for name, one in status.serve["deployments"].items():
        replicas = ", ".join(f"{count} {state}" for state, count in one["replicas"].items())
        lines.append(f"{name}: {one['status']}, {replicas or 'no replica'}")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
