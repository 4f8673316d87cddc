import pytest

from orchestrator.keys.rate_limit import TokenBucket
from tests.support.clock import Clock


@pytest.fixture
def clock():
    return Clock()


def test_a_burst_then_the_rate(clock):
    bucket = TokenBucket(4, 3, clock)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.25]
    clock.now_s += 0.125
    assert bucket.take() == 0.125  # what was refused took nothing
    clock.now_s += 0.125
    assert [bucket.take(), bucket.take()] == [0, 0.25]


def test_a_pause_fills_it_no_further_than_the_burst(clock):
    bucket = TokenBucket(4, 2, clock)
    clock.now_s += 1000
    assert [bucket.take() > 0 for _ in range(3)] == [False, False, True]


def test_reservations_queue_one_behind_the_other(clock):
    bucket = TokenBucket(2, 1, clock)
    assert [bucket.reserve() for _ in range(4)] == [0, 0.5, 1.0, 1.5]
    assert bucket.take() == 2.0  # who asks now comes after them
    clock.now_s += 2
    assert bucket.take() == 0


@pytest.mark.parametrize(("rps", "burst"), [(3, 2), (7, 20), (0.5, 2)])
def test_over_any_time_no_more_than_burst_and_rate_allow(clock, rps, burst):
    bucket = TokenBucket(rps, burst, clock)
    granted = 0
    for _ in range(2000):
        clock.now_s += 0.0625  # exact in binary
        granted += bucket.take() == 0
    assert burst + rps * 125 - 1 <= granted <= burst + rps * 125
