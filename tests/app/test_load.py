"""What the metrics say, read back without Prometheus."""

import numpy as np
import pytest

from orchestrator.app.load import replica_load, server_loads
from orchestrator.app.metrics_page import BucketCounts, read_page
from tests.support.metrics_pages import busy_replica, page


@pytest.fixture
def metrics():
    return busy_replica()


def test_the_load_of_a_period_is_the_difference_of_two_readings(metrics):
    before = page(metrics)
    metrics.requests.labels("Detect", "OK").inc(30)
    metrics.errors.labels("Detect", "INVALID_IMAGE").inc(2)
    metrics.requests.labels("Detect", "INVALID_ARGUMENT").inc(2)
    load = replica_load(page(metrics), before, 4.0)
    assert (load.requests_per_s, load.errors_per_s) == (8.0, 0.5)
    assert (load.in_progress, load.streams_open) == (4, 2)
    assert load.errors == {"INVALID_IMAGE": 2}
    assert load.p50_ms is None
    since_start = replica_load(page(metrics), None, 132.0)
    assert since_start.requests_per_s == 1.0
    assert since_start.errors == {"OVERLOADED": 10, "INVALID_IMAGE": 2}


def test_servers_are_added_up_over_the_replicas_by_version(metrics):
    now = page(metrics)
    loads = {one.version: one for one in server_loads([(now, None), (now, None)], 10.0)}
    assert loads["1"].calls_per_s == 2.0
    assert loads["1"].mean_ms == pytest.approx(20)
    assert loads["2"].mean_ms == pytest.approx(40)
    assert loads[""].failed_per_s == 1.0
    assert loads[""].mean_ms is None
    assert {one.in_flight for one in loads.values()} == {14}
    idle = server_loads([(now, now)], 10.0)
    assert [(one.version, one.calls_per_s) for one in idle] == [("", 0), ("1", 0), ("2", 0)]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99, 1.0])
def test_a_quantile_is_in_the_bucket_of_the_values_own(share):
    values = np.sort(np.random.default_rng(2).lognormal(-3, 1, 1000))
    bounds = [0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0, float("inf")]
    buckets = BucketCounts({bound: float((values <= bound).sum()) for bound in bounds})
    exact = values[int(np.ceil(share * len(values))) - 1]
    index = np.searchsorted(bounds, exact)
    low = bounds[index - 1] if index else 0.0
    assert low <= buckets.quantile(share) <= bounds[index]


def test_a_quantile_beyond_the_last_bound_is_that_bound_and_of_nothing_none():
    assert BucketCounts({1.0: 0.0, float("inf"): 5.0}).quantile(0.5) == 1.0
    assert BucketCounts({1.0: 0.0, float("inf"): 0.0}).quantile(0.5) is None
    assert BucketCounts().quantile(0.5) is None
    assert BucketCounts({1.0: 10.0, 2.0: 20.0, float("inf"): 20.0}).quantile(0.75) == 1.5  # halfway into the second


def test_nobody_there_is_no_page():
    assert read_page("http://127.0.0.1:1/metrics", timeout_s=1) is None
