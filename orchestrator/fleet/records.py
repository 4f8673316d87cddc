"""What servers and orchestrators report about themselves in the store."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

SERVERS = "server/"
ORCHESTRATORS = "orchestrator/"


@dataclass(frozen=True, kw_only=True)
class ServerRecord:
    """A model server that takes calls."""

    id: str
    address: str
    """As gRPC writes it: HOST:PORT, or unix:PATH on one machine."""
    models: tuple[str, ...]
    node: str
    """Address of its machine."""
    pid: int
    """Of the server process."""
    replica_pid: int
    """Of the Ray process that started it."""
    generation: int
    """Of the plan that it follows: it has loaded the versions that it could, and unloaded the others."""
    versions: Mapping[str, list[int]] = field(default_factory=dict)
    """The available ones, by model."""
    start_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each step of its start took."""
    beat: int = 0
    """Rises with every put."""


@dataclass(frozen=True, kw_only=True)
class OrchestratorRecord:
    """An orchestrator that answers pictures."""

    id: str
    pid: int
    generation: int
    """Of the oldest plan that a request under way follows."""
    in_flight: Mapping[str, float] = field(default_factory=dict)
    """Calls of each model that are waiting or under way."""
    queue_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that calls of each model have lately waited for a server to take them, on average."""
    versions: Mapping[str, Mapping[str, list[int]]] = field(default_factory=dict)
    """Counts of calls by model and version (`orchestrator.predict.call_stats.CallStats.counts`)."""
    beat: int = 0
    """Rises with every put."""


Record = TypeVar("Record", bound="ServerRecord | OrchestratorRecord")


def encode(record: ServerRecord | OrchestratorRecord) -> bytes:
    """Returns the record as JSON."""
    return json.dumps(asdict(record)).encode()


def decode(kind: type[Record], value: bytes) -> Record:
    """Returns the record that `encode` wrote.

    Args:
        kind: The record's class.
        value: JSON.
    """
    fields = json.loads(value)
    if "models" in fields:
        fields["models"] = tuple(fields["models"])
    return kind(**fields)
