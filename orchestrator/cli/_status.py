"""How `facegrid status` shows the stack: a table of its parts, one of the replicas' work, one of the model servers'."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group
from rich.table import Table

from orchestrator.app.load import ReplicaLoad, ServerLoad, replica_load, server_loads
from orchestrator.app.metrics_page import MetricsPage
from orchestrator.app.status import StackStatus


@dataclass(frozen=True)
class Load:
    """What the replicas did in a period."""

    replicas: list[tuple[int, str, ReplicaLoad | None]]
    """Process, address of the metrics, and work; None where the replica does not answer."""
    servers: list[ServerLoad]
    period: str
    """In words."""


@dataclass(frozen=True)
class Reading:
    """The status at a moment."""

    status: StackStatus | None
    at_s: float = field(default_factory=time.monotonic)

    def since(self, earlier: "Reading") -> Load:
        """Returns what the replicas did since an earlier reading; those that are new, since their start."""
        before = earlier.status.replicas if earlier.status else []
        pages = {one.target: one.page for one in before}
        period_s = self.at_s - earlier.at_s
        return _load(self.status, pages, period_s, f"last {period_s:.0f} s")


def since_start(status: StackStatus) -> Load:
    """Returns what the replicas did since the stack was started."""
    period_s = max(time.time() - status.state.started_at_s, 1.0)
    return _load(status, {}, period_s, "since the start")


def _load(status: StackStatus | None, earlier: dict[Any, MetricsPage | None], period_s: float, period: str) -> Load:
    replicas = status.replicas if status else []
    pairs = [(one, one.page, earlier.get(one.target)) for one in replicas]
    return Load(
        [
            (one.target.pid, one.target.address, None if page is None else replica_load(page, before, period_s))
            for one, page, before in pairs
        ],
        server_loads([(page, before) for _, page, before in pairs if page is not None], period_s),
        period,
    )


def view(status: StackStatus, load: Load) -> Group:
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
        "model_server": None if status.state.servers else status.state.model_server_target,
        "models": None if status.models is None else [asdict(one) for one in status.models],
        "processes": [asdict(one) for one in status.processes],
        "replicas": [
            {"pid": pid, "metrics": f"http://{address}/metrics", "load": None if work is None else asdict(work)}
            for pid, address, work in load.replicas
        ],
        "model_calls": [asdict(one) for one in load.servers],
    }


def _replicas(load: Load) -> Table:
    headings = ("replica", "requests/s", "errors/s", "in progress", "streams", "p50 ms", "p99 ms", "errors")
    table = Table(*headings, title=f"orchestrator, {load.period}", title_justify="left")
    for pid, address, work in load.replicas:
        name = f"{pid} on {address}"
        if work is None:
            table.add_row(name, "no answer", *["-"] * 6)
            continue
        errors = ", ".join(f"{count} {reason}" for reason, count in sorted(work.errors.items()))
        table.add_row(
            name,
            f"{work.requests_per_s:.1f}",
            f"{work.errors_per_s:.1f}",
            str(work.in_progress),
            str(work.streams_open),
            _ms(work.p50_ms),
            _ms(work.p99_ms),
            errors or "-",
        )
    return table


def _servers(load: Load) -> Table:
    headings = ("model", "version", "server", "calls/s", "failed/s", "in flight", "mean ms")
    table = Table(*headings, title=f"calls of model servers, {load.period}", title_justify="left")
    for one in load.servers:
        table.add_row(
            one.model,
            one.version or "-",
            one.endpoint,
            f"{one.calls_per_s:.1f}",
            f"{one.failed_per_s:.1f}",
            str(one.in_flight),
            _ms(one.mean_ms),
        )
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _parts(status: StackStatus) -> Table:
    table = Table("part", "state", "process", "memory", "uptime")
    processes = {process.name: process for process in status.processes}

    def row(part: str, state: str, name: str) -> None:
        process = processes.get(name)
        if process is None:
            table.add_row(part, state, "-", "-", "-")
            return
        pid = f"{process.pid} (+{max(process.processes - 1, 0)})" if process.alive else f"{process.pid} gone"
        table.add_row(part, state, pid, f"{process.memory_mb:.0f} MB", _duration(process.uptime_s))

    table.add_row("service", f"{status.health or 'no answer'} on {status.state.address}", "", "", "")
    if status.state.has_tls:
        row("TLS proxy", f"in front of {status.state.ingress_address}", "tls_proxy")
    row("Ray Serve", _serve_text(status), "serve_host")
    if not status.state.servers:
        row("model server", _models_text(status), "model_server")
    for server in (status.serve or {}).get("servers", ()):
        versions = ", ".join(f"{model} {'/'.join(map(str, of))}" for model, of in server["versions"].items())
        table.add_row(f"model server {server['id']}", f"{versions}\n{server['address']}", str(server["pid"]), "", "")
    return table


def _serve_text(status: StackStatus) -> str:
    if status.serve is None:
        return "no answer"
    lines = [f"{status.serve['application']}, ingress {status.state.ingress}"]
    for name, one in status.serve["deployments"].items():
        replicas = ", ".join(f"{count} {state}" for state, count in one["replicas"].items())
        lines.append(f"{name}: {one['status']}, {replicas or 'no replica'}")
    return "\n".join(lines)


def _models_text(status: StackStatus) -> str:
    if status.models is None:
        return "no answer"
    lines = [f"{one.model} {one.version}: {one.state} {one.error}".rstrip() for one in status.models]
    return "\n".join(lines) or "no models"


def _duration(seconds: float) -> str:
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
