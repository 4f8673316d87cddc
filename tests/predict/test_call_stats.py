"""Times in buckets tell quantiles as exactly as the buckets are, and add up."""

import math
import random

import pytest

from orchestrator.predict.call_stats import CallStats, merge


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99, 1.0])
def test_a_quantile_is_at_most_ten_percent_above_the_true_one(share: float) -> None:
    draw = random.Random(1)
    seconds = sorted(draw.lognormvariate(-3, 1) for _ in range(1000))
    stats = CallStats()
    for one in seconds:
        stats.answered(one)
    true = seconds[math.ceil(share * 1000) - 1]
    assert max(true, 0.001) <= stats.quantile_s(share) * 1.0000001
    assert stats.quantile_s(share) <= max(true, 0.001) * 1.1000001


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.001, 1e9])
def test_times_beyond_the_buckets_are_counted_at_their_ends(seconds: float) -> None:
    stats = CallStats()
    stats.answered(seconds)
    assert stats.calls == 1
    assert 0.001 <= stats.quantile_s(0.5) < 100


def test_they_add_up_and_come_back() -> None:
    one, other = CallStats(), CallStats()
    one.answered(0.1)
    other.answered(1.0)
    other.failed()
    both = merge([one, CallStats(other.counts())])
    assert (both.calls, both.errors, both.error_rate) == (3, 1, 1 / 3)
    assert merge([]).calls == 0
    assert math.isnan(CallStats().quantile_s(0.5))
