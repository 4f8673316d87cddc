"""Prometheus' text form of the metrics, byte for byte as tensorflow_model_server prints it.

Its names keep colons for TensorFlow's slashes and get no suffix, there are no HELP lines, and a metric without
a value still has its TYPE line. `prometheus_client` cannot print this form, so it is written here.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from model_server.metrics.registry import CounterCell, Distribution, Metric, MetricRegistry

CONTENT_TYPE = "text/plain"


def page(registry: MetricRegistry) -> str:
    """Returns all metrics in the order of their names."""
    return "\n".join(line for metric in registry.metrics() for line in _lines(metric)) + "\n"


def _lines(metric: Metric) -> Iterator[str]:
    name = _metric_name(metric.name)
    yield f"# TYPE {name} {metric.kind}"
    for values, cell in metric.cells():
        labels = [_label(*pair) for pair in zip(metric.labels, values, strict=True)]
        if isinstance(cell, CounterCell):
            yield _sample(name, labels, str(cell.value))
        else:
            yield from _histogram_lines(name, labels, cell.value)


def _histogram_lines(name: str, labels: list[str], seen: Distribution) -> Iterator[str]:
    limits = [*map(_number, seen.limits), "+Inf"]
    counts = list(accumulate(seen.counts))
    for limit, count in zip(limits, counts, strict=True):
        yield _sample(f"{name}_bucket", [*labels, _label("le", limit)], str(count))
    yield _sample(f"{name}_sum", labels, _number(seen.total))
    yield _sample(f"{name}_count", labels, str(counts[-1]))


def _sample(name: str, labels: list[str], value: str) -> str:
    return f"{name}{{{','.join(labels)}}} {value}"


def _label(name: str, value: str) -> str:
    return f'{_label_name(name)}="{_escaped(value)}"'


def _number(value: float) -> str:
    """Six digits, as absl::StrCat writes a double."""
    return f"{value:g}"


def _metric_name(name: str) -> str:
    return _not_a_digit_first(re.sub(r"[^a-zA-Z0-9_]", ":", name))


def _label_name(name: str) -> str:
    return _not_a_digit_first(re.sub(r"[^a-zA-Z0-9]", "_", name))


def _not_a_digit_first(name: str) -> str:
    return f"_{name}" if name[:1].isdigit() else name


def _escaped(value: str) -> str:
    # Upstream does not escape the line break. Callers choose names, so there they can forge whole lines.
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
