"""Times of a running service, from the page of metrics of one orchestrator (orchestrator/telemetry/metrics.py)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.workload import STEPS

_PAGE_NEEDS = 100
"""Pictures; with fewer the first ones, which are slow, weigh too much."""
_CALLS, _PICTURES, _PROCESSOR = (
    "facegrid_model_call_duration_seconds",
    "facegrid_image_pixels",
    "process_cpu_seconds_total",
)


def measured(before: str, after: str) -> dict[str, Any]:
    """Returns a profile's table (see `parse_profile`) with one size, `measured`, of the mean picture between two pages.

    Times of calls are as the orchestrator saw them, so they include the waiting on a busy server: measure under little
    load.

    Args:
        before: The page before a load, in Prometheus' text format; empty: since the process started.
        after: The page of the same process after it.

    Raises:
        CannotPlan: Too few pictures were seen, or the process is another one.
    """
    counted = _sums(after)
    counted.subtract(_sums(before))
    pictures = counted[f"{_PICTURES}_count", ""]
    if pictures < _PAGE_NEEDS:
        raise CannotPlan(
            f"{pictures:g} pictures were seen, {_PAGE_NEEDS} are needed: send more, for instance with `facegrid bench`"
        )
    kind: dict[str, Any] = {
        "pixels": max(round(counted[f"{_PICTURES}_sum", ""] / pictures), 1),
        "orchestrator_ms": round(counted[_PROCESSOR, ""] / pictures * 1e3, 3),
    }
    for network in STEPS:
        calls = counted[f"{_CALLS}_count", network]
        if calls > 0:
            mean_ms = counted[f"{_CALLS}_sum", network] / calls * 1e3
            kind[network] = {"calls": round(calls / pictures, 4), "ms": round(mean_ms, 3)}
            bounds = _cumulated(before, after, network)
            kind[network]["cv"] = round(_cv(bounds, mean_ms / 1e3), 3)
    return {"sizes": {"measured": kind}}


def _sums(page: str) -> "Counter[tuple[str, str]]":
    """Returns the samples by name and model, over all endpoints and versions."""
    sums: Counter[tuple[str, str]] = Counter()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if "le" not in sample.labels:
                sums[sample.name, sample.labels.get("model", "")] += sample.value  # type: ignore[assignment]
    return sums


def _cumulated(before: str, after: str, network: str) -> list[tuple[float, float]]:
    """Returns the upper bounds of a network's buckets and the calls up to each."""
    calls: defaultdict[float, float] = defaultdict(float)
    for sign, page in ((-1, before), (1, after)):
        for family in text_string_to_metric_families(page):
            for sample in family.samples if family.name == _CALLS else ():
                if sample.name == f"{_CALLS}_bucket" and sample.labels["model"] == network:
                    calls[float(sample.labels["le"])] += sign * sample.value
    return sorted(calls.items())


def _cv(cumulated: Iterable[tuple[float, float]], mean_s: float) -> float:
    """Returns deviation over mean, as if calls lay evenly within their buckets.

    Where all lie in one bucket, the spread within it is unknown, and the result is 0.
    """
    low_s = seen = 0.0
    parts = []
    for high_s, calls in cumulated:
        if calls > seen:
            top_s = high_s if high_s < float("inf") else 2 * low_s
            parts.append((calls - seen, low_s, top_s))
        low_s, seen = high_s, calls
    if len(parts) < 2:
        return 0.0
    total = sum(number for number, _, _ in parts)
    centre_s = sum(number * (low + high) / 2 for number, low, high in parts) / total
    square = sum(number * (low * low + low * high + high * high) / 3 for number, low, high in parts) / total
    return float(max(square - centre_s**2, 0.0) ** 0.5 / mean_s)
