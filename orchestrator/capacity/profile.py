"""Reads measured times from a file, TOML or JSON: what `facegrid plan` is given."""

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.workload import (
    STEPS,
    NetworkCalls,
    NetworkProfile,
    RequestKind,
    ServiceProfile,
    ServiceTimes,
)


def read_profile(path: Path) -> ServiceProfile:
    """Returns what a file says.

    Raises:
        CannotPlan: The file has another form; the message says where.
        OSError: It cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as err:
        raise CannotPlan(f"{path.name} cannot be read: {err}") from err
    return parse_profile(table)


def parse_profile(table: Mapping[str, Any]) -> ServiceProfile:
    """Returns the profile in a table of the form that docs/operations.md describes.

    Raises:
        CannotPlan: It has another form.
    """
    root = _CheckedTable(table, "the file", {"sizes", "networks", "orchestrator"})
    sizes, networks = root.tables("sizes"), root.tables("networks")
    for name in networks:
        _require_network(name, "networks")
    kinds = {name: _kind(name, fields) for name, fields in sizes.items()}
    if not kinds:
        raise CannotPlan("the file has no sizes: write a table such as [sizes.small]")
    used = {step.network for kind in kinds.values() for step in kind.steps}
    known = {name: _network(name, networks.get(name, {})) for name in STEPS if name in used | networks.keys()}
    orchestrator = _CheckedTable(root.tables_or_empty("orchestrator"), "orchestrator", {"cores"})
    return ServiceProfile(kinds, known, orchestrator.whole("cores", 1, least=1))


def _kind(name: str, fields: Mapping[str, Any]) -> RequestKind:
    where = f"sizes.{name}"
    for network in fields.keys() - {"pixels", "orchestrator_ms", "orchestrator_cv"}:
        _require_network(network, where)
    table = _CheckedTable(fields, where, {*STEPS, "pixels", "orchestrator_ms", "orchestrator_cv"})
    processor = ServiceTimes(table.number("orchestrator_ms", 0.0) / 1e3, table.number("orchestrator_cv", 0.0))
    steps = tuple(_step(network, fields[network], where) for network in STEPS if network in fields)
    return RequestKind(name, table.whole("pixels", 1, least=1), processor, steps)


def _step(network: str, fields: object, where: str) -> NetworkCalls:
    if isinstance(fields, int | float):
        fields = {"ms": fields}
    table = _CheckedTable(fields, f"{where}.{network}", {"calls", "ms", "cv", "samples_ms"})
    samples = table.numbers("samples_ms")
    mean_ms = sum(samples) / len(samples) if samples else table.number("ms", None)
    times = ServiceTimes(mean_ms / 1e3, table.number("cv", 0.0), tuple(ms / 1e3 for ms in samples))
    return NetworkCalls(network, table.number("calls", 1.0), times)


def _network(name: str, fields: Mapping[str, Any]) -> NetworkProfile:
    table = _CheckedTable(fields, f"networks.{name}", {"slots", "transport_ms", "servers_per_gpu", "start_s"})
    return NetworkProfile(
        table.whole("slots", NetworkProfile.slots, least=1),
        table.number("transport_ms", NetworkProfile.transport_s * 1e3) / 1e3,
        table.number("servers_per_gpu", NetworkProfile.servers_per_gpu),
        table.number("start_s", NetworkProfile.start_s),
    )


def _require_network(name: str, where: str) -> None:
    if name not in STEPS:
        raise CannotPlan(f"{where} names {name!r}, the networks of a picture are {', '.join(STEPS)}")


class _CheckedTable:
    """The fields of a table, checked as they are read."""

    def __init__(self, fields: object, where: str, known: set[str]) -> None:
        if not isinstance(fields, Mapping):
            raise CannotPlan(f"{where} is {fields!r}, expected a table")
        if unknown := sorted(fields.keys() - known):
            raise CannotPlan(f"{where} has {unknown[0]!r}, expected {', '.join(sorted(known))}")
        self._fields, self._where = fields, where

    def tables(self, name: str) -> dict[str, Mapping[str, Any]]:
        tables = self.tables_or_empty(name)
        for key, value in tables.items():
            if not isinstance(value, Mapping):
                raise CannotPlan(f"{name}.{key} is {value!r}, expected a table")
        return dict(tables)

    def tables_or_empty(self, name: str) -> Mapping[str, Any]:
        value = self._fields.get(name, {})
        if not isinstance(value, Mapping):
            raise CannotPlan(f"{name} is {value!r}, expected a table")
        return value

    def number(self, name: str, default: float | None) -> float:
        return self._checked(name, self._fields.get(name, default))

    def whole(self, name: str, default: int, *, least: int) -> int:
        value = self._fields.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise CannotPlan(f"{self._where}.{name} is {value!r}, expected a whole number of at least {least}")
        return value

    def numbers(self, name: str) -> list[float]:
        values = self._fields.get(name, [])
        if not isinstance(values, list):
            raise CannotPlan(f"{self._where}.{name} is {values!r}, expected a list of numbers")
        return [self._checked(name, value) for value in values]

    def _checked(self, name: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
            raise CannotPlan(f"{self._where}.{name} is {value!r}, expected a number of at least 0")
        return float(value)
