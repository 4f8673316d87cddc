"""Counters and histograms, kept as TensorFlow's monitoring library keeps them.

A metric has one cell for each combination of label values that has occurred. A cell has a lock of its own, held
for the update of one or two numbers.
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

LabelValues = tuple[str, ...]


class CounterCell:
    """A number that only rises."""

    def __init__(self) -> None:
        self._value = 0
        self._lock = threading.Lock()

    def increase(self, by: int = 1) -> None:
        """Adds `by`."""
        with self._lock:
            self._value += by

    @property
    def value(self) -> int:
        """What was added up."""
        return self._value


@dataclass(frozen=True)
class Distribution:
    """What a histogram has seen."""

    limits: Sequence[float]
    """Upper limits of all buckets but the last, which is unlimited. A value on a limit belongs to the next bucket."""
    counts: Sequence[int]
    """Values in each bucket, not cumulative."""
    total: float
    """Sum of the values."""


class HistogramCell:
    """Counts values by their size."""

    def __init__(self, limits: Sequence[float]) -> None:
        self._limits = limits
        self._counts = [0] * (len(limits) + 1)
        self._total = 0.0
        self._lock = threading.Lock()

    def add(self, value: float) -> None:
        """Counts a value."""
        bucket = bisect_right(self._limits, value)
        with self._lock:
            self._counts[bucket] += 1
            self._total += value

    @property
    def value(self) -> Distribution:
        """A consistent copy of what was counted."""
        with self._lock:
            return Distribution(self._limits, tuple(self._counts), self._total)


_Cell = TypeVar("_Cell", CounterCell, HistogramCell)


class _Metric(Generic[_Cell]):
    def __init__(self, name: str, *labels: str) -> None:
        self.name = name
        """Such as "/tensorflow/serving/request_count"."""
        self.labels = labels
        self._cells: dict[LabelValues, _Cell] = {}
        self._lock = threading.Lock()

    def cell(self, *values: str) -> _Cell:
        """Returns the cell of these label values, which begins at zero."""
        return self._cells.get(values) or self._added(values)

    def cells(self) -> list[tuple[LabelValues, _Cell]]:
        """Returns all cells, in the order of their label values."""
        with self._lock:
            return sorted(self._cells.items(), key=lambda item: item[0])

    def _added(self, values: LabelValues) -> _Cell:
        with self._lock:
            return self._cells.setdefault(values, self._new())

    def _new(self) -> _Cell:
        raise NotImplementedError


class Counter(_Metric[CounterCell]):
    """Numbers that only rise."""

    kind: ClassVar[str] = "counter"

    def _new(self) -> CounterCell:
        return CounterCell()


class Histogram(_Metric[HistogramCell]):
    """Values counted by their size."""

    kind: ClassVar[str] = "histogram"

    def __init__(self, name: str, *labels: str, limits: Sequence[float]) -> None:
        super().__init__(name, *labels)
        self._limits = tuple(limits)

    def _new(self) -> HistogramCell:
        return HistogramCell(self._limits)


Metric = Counter | Histogram


def exponential(scale: float, growth: float, count: int) -> list[float]:
    """Returns `count` limits, the first of them `scale` and each `growth` times the one before."""
    limits = [scale]
    while len(limits) < count:
        limits.append(limits[-1] * growth)  # not a power: the last digits are upstream's
    return limits


class MetricRegistry:
    """All metrics of a server."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}

    def counter(self, name: str, *labels: str) -> Counter:
        """Returns a new counter."""
        metric = Counter(name, *labels)
        self._metrics[name] = metric
        return metric

    def histogram(self, name: str, *labels: str, limits: Sequence[float]) -> Histogram:
        """Returns a new histogram."""
        metric = Histogram(name, *labels, limits=limits)
        self._metrics[name] = metric
        return metric

    def metrics(self) -> list[Metric]:
        """Returns all metrics in the order of their names."""
        return [self._metrics[name] for name in sorted(self._metrics)]

    def first_value(self, name: str) -> int:
        """Returns the first cell's number, in the order of label values; 0 for a histogram or an unknown name."""
        metric = self._metrics.get(name)
        if not isinstance(metric, Counter):
            return 0
        return next((cell.value for _, cell in metric.cells()), 0)
