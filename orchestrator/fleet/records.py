"""What servers and orchestrators say of themselves, and who of them is still there."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Generic, TypeVar

SERVERS = "server/"
ORCHESTRATORS = "orchestrator/"

BEAT_S = 0.5
"""Everybody puts its record this often."""
GONE_AFTER_S = 10.0
"""A record that has not changed for so long is of somebody who died; calls have avoided it since the first failed."""


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
    """Of the Ray process that watches over it."""
    generation: int
    """Of the plan that it follows: it has loaded what it could, and dropped the rest."""
    versions: Mapping[str, list[int]] = field(default_factory=dict)
    """That are available, by model."""
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
    """Oldest plan that a request under way was begun under."""
    in_flight: Mapping[str, float] = field(default_factory=dict)
    """Calls of each model that are waiting or under way."""
    queue_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that calls of each model have lately waited for a server to take them, on average."""
    versions: Mapping[str, Mapping[str, list[int]]] = field(default_factory=dict)
    """Tallies by model and version (`orchestrator.predict.call_stats`)."""
    beat: int = 0
    """Rises with every put."""


Record = TypeVar("Record", bound="ServerRecord | OrchestratorRecord")


def encode(record: ServerRecord | OrchestratorRecord) -> bytes:
    """Returns the record as JSON."""
    return json.dumps(asdict(record)).encode()


class Living(Generic[Record]):
    """Tells the living from the dead: records that go on changing, by this reader's own clock.

    So clocks of other machines do not matter. A reader that has just come believes every record for `GONE_AFTER_S`.

    Args:
        kind: The record's class.
        clock: Seconds that only rise.
    """

    def __init__(self, kind: type[Record], clock: Callable[[], float] = time.monotonic) -> None:
        self._kind = kind
        self._clock = clock
        self._changed: dict[str, tuple[bytes, float]] = {}

    def update(self, values: Mapping[str, bytes]) -> dict[str, Record]:
        """Returns the records of the living, by key, after a reading."""
        now_s = self._clock()
        before = self._changed
        self._changed = {
            key: before[key] if key in before and before[key][0] == value else (value, now_s)
            for key, value in values.items()
        }
        return {
            key: _decode(self._kind, value)
            for key, (value, changed_s) in self._changed.items()
            if now_s - changed_s <= GONE_AFTER_S
        }

    def forget(self) -> None:
        """Believes every record again: after a time in which nobody could put theirs."""
        self._changed.clear()


def _decode(kind: type[Record], value: bytes) -> Record:
    fields = json.loads(value)
    if "models" in fields:
        fields["models"] = tuple(fields["models"])
    return kind(**fields)
