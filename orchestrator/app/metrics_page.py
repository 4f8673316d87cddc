"""The metrics of a replica, read from its page: for `facegrid status`, without Prometheus."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.telemetry.endpoint import Target, read_targets

ServerKey = tuple[str, str, str]
"""Model, version and endpoint; the version is empty for calls that were not answered."""


def _tally() -> defaultdict[Any, float]:
    return defaultdict(float)


@dataclass
class BucketCounts:
    """A histogram: how many values do not exceed each bound."""

    counts: dict[float, float] = field(default_factory=dict)

    def since(self, earlier: "BucketCounts") -> "BucketCounts":
        """Returns the values that were added after an earlier state of the same histogram."""
        return BucketCounts({bound: count - earlier.counts.get(bound, 0.0) for bound, count in self.counts.items()})

    def add(self, other: "BucketCounts") -> None:
        """Adds a histogram with the same bounds."""
        for bound, count in other.counts.items():
            self.counts[bound] = self.counts.get(bound, 0.0) + count

    def quantile(self, share: float) -> float | None:
        """Returns the value that this share of the values does not exceed, as Prometheus' histogram_quantile does.

        Values are assumed to be spread evenly within a bucket; those beyond the last bound count as that bound.
        None if there is no value.
        """
        bounds = sorted(self.counts)
        total = self.counts[bounds[-1]] if bounds else 0.0
        if not total:
            return None
        rank, low, below = share * total, 0.0, 0.0
        for bound in bounds:
            count = self.counts[bound]
            if count >= rank:
                if bound == float("inf"):
                    return low
                return low + (bound - low) * ((rank - below) / (count - below) if count > below else 1.0)
            low, below = bound, count
        return low


@dataclass
class MetricsPage:
    """The numbers of one replica since its start."""

    requests: defaultdict[tuple[str, str], float] = field(default_factory=_tally)
    """Calls and items of streams, by method and code."""
    errors: defaultdict[str, float] = field(default_factory=_tally)
    """By reason."""
    in_progress: float = 0.0
    streams_open: float = 0.0
    durations: BucketCounts = field(default_factory=BucketCounts)
    """Seconds of calls and items, of all methods."""
    calls: defaultdict[tuple[ServerKey, str], float] = field(default_factory=_tally)
    """Calls of model servers, by server and code."""
    call_seconds: defaultdict[ServerKey, float] = field(default_factory=_tally)
    in_flight: defaultdict[tuple[str, str], float] = field(default_factory=_tally)
    """Calls under way, by model and endpoint."""
    retries: float = 0.0
    ejections: float = 0.0
    gallery_faces: float = 0.0


@dataclass(frozen=True)
class ReplicaMetrics:
    """A process of the orchestrator that has announced its metrics, and these metrics."""

    target: Target
    page: MetricsPage | None
    """None: it does not answer."""


def read_replicas(targets_dir: Path, *, timeout_s: float) -> list[ReplicaMetrics]:
    """Returns the replicas that run, in the order of their process numbers."""
    targets = [one for one in read_targets(targets_dir) if psutil.pid_exists(one.pid)]
    return [ReplicaMetrics(one, read_page(f"http://{one.address}/metrics", timeout_s=timeout_s)) for one in targets]


def read_page(url: str, *, timeout_s: float) -> MetricsPage | None:
    """Returns the numbers at an address; None if there is no answer."""
    try:
        with urlopen(url, timeout=timeout_s) as answer:  # noqa: S310 - an address of our own replicas
            return parse_page(answer.read().decode())
    except (URLError, OSError, ValueError):
        return None


def parse_page(text: str) -> MetricsPage:
    """Returns the numbers in a page of Prometheus' text format.

    Raises:
        ValueError: The text is not in that format.
    """
    samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name.removeprefix("facegrid_")].append((sample.labels, sample.value))
    page = MetricsPage()
    for name in ("requests_total", "stream_items_total"):
        for labels, value in samples[name]:
            page.requests[labels["method"], labels["code"]] += value
    for labels, value in samples["errors_total"]:
        page.errors[labels["reason"]] += value
    for labels, value in samples["request_duration_seconds_bucket"]:
        page.durations.add(BucketCounts({float(labels["le"]): value}))
    for labels, value in samples["model_calls_total"]:
        page.calls[_server(labels), labels["code"]] += value
    for labels, value in samples["model_call_duration_seconds_sum"]:
        page.call_seconds[_server(labels)] += value
    for labels, value in samples["model_calls_in_flight"]:
        page.in_flight[labels["model"], labels["endpoint"]] += value
    for name in ("retries", "ejections"):
        setattr(page, name, _total(samples[f"model_{name}_total"]))
    for name in ("streams_open", "gallery_faces"):
        setattr(page, name, _total(samples[name]))
    page.in_progress = _total(samples["requests_in_progress"])
    return page


def _total(samples: list[tuple[dict[str, str], float]]) -> float:
    return sum(value for _, value in samples)


def _server(labels: dict[str, str]) -> ServerKey:
    return labels["model"], labels["version"], labels["endpoint"]
