"""The load of the replicas between two readings of their metrics, or since their start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.app.metrics_page import MetricsPage, ServerKey

_Key = TypeVar("_Key")

_OK = "OK"
_NOTHING = MetricsPage()


@dataclass(frozen=True)
class ReplicaLoad:
    """The work of one replica in a period."""

    requests_per_s: float
    errors_per_s: float
    in_progress: int
    streams_open: int
    p50_ms: float | None
    """Median time of calls and items; None if there were none."""
    p99_ms: float | None
    errors: dict[str, int]
    """Errors by reason."""


@dataclass(frozen=True)
class ServerLoad:
    """The calls of one version of a model on one server in a period."""

    model: str
    version: str
    """Empty for calls that were not answered."""
    endpoint: str
    calls_per_s: float
    failed_per_s: float
    in_flight: int
    """Calls of all versions of the model at the endpoint."""
    mean_ms: float | None
    """Mean time of the calls that were answered."""


def replica_load(now: MetricsPage, earlier: MetricsPage | None, period_s: float) -> ReplicaLoad:
    """Returns the load of a replica between two readings; with `earlier` None, since its start."""
    before = earlier or _NOTHING
    requests = _difference(now.requests, before.requests)
    durations = now.durations.since(before.durations)
    p50_s, p99_s = durations.quantile(0.5), durations.quantile(0.99)
    failed = sum(count for (_, code), count in requests.items() if code != _OK)
    return ReplicaLoad(
        requests_per_s=sum(requests.values()) / period_s,
        errors_per_s=failed / period_s,
        in_progress=int(now.in_progress),
        streams_open=int(now.streams_open),
        p50_ms=None if p50_s is None else p50_s * 1000,
        p99_ms=None if p99_s is None else p99_s * 1000,
        errors={reason: int(count) for reason, count in _difference(now.errors, before.errors).items()},
    )


def server_loads(pairs: list[tuple[MetricsPage, MetricsPage | None]], period_s: float) -> list[ServerLoad]:
    """Returns the load of each server by all replicas together, by model, version and endpoint.

    Args:
        pairs: The readings of each replica: now, and earlier if there is one.
        period_s: Seconds between them.
    """
    periods = [(now, earlier or _NOTHING) for now, earlier in pairs]
    servers = {server for now, _ in periods for server, _ in now.calls}
    return [_server_load(server, periods, period_s) for server in sorted(servers)]


def _server_load(server: ServerKey, periods: list[tuple[MetricsPage, MetricsPage]], period_s: float) -> ServerLoad:
    model, version, endpoint = server
    calls = failed = seconds = in_flight = 0.0
    for now, before in periods:
        for (of, code), count in _difference(now.calls, before.calls).items():
            if of == server:
                calls += count
                failed += count if code != _OK else 0
        seconds += now.call_seconds.get(server, 0.0) - before.call_seconds.get(server, 0.0)
        in_flight += now.in_flight.get((model, endpoint), 0.0)
    answered = calls - failed
    return ServerLoad(
        model=model,
        version=version,
        endpoint=endpoint,
        calls_per_s=calls / period_s,
        failed_per_s=failed / period_s,
        in_flight=int(in_flight),
        mean_ms=seconds / answered * 1000 if answered else None,
    )


def _difference(now: Mapping[_Key, float], before: Mapping[_Key, float]) -> dict[_Key, float]:
    return {key: count - before.get(key, 0.0) for key, count in now.items() if count > before.get(key, 0.0)}
