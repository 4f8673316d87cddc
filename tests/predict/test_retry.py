from random import Random

from orchestrator.predict.rules.hedge import late_s, patience_s
from orchestrator.predict.rules.latency import Latencies
from orchestrator.predict.rules.retry import RetryBudget, pause_s


def test_repeats_are_a_fifth_of_the_calls_beyond_a_reserve():
    budget = RetryBudget()
    reserve = 0
    while budget.take():
        reserve += 1
    assert 10 <= reserve <= 100
    granted = 0
    for _ in range(1000):
        budget.called()
        granted += budget.take()
    assert 190 <= granted <= 200


def test_the_second_server_is_asked_at_once_and_the_next_after_a_random_pause_that_grows():
    random = Random(0)
    assert pause_s(1, random) == 0
    seconds, thirds = ([pause_s(attempts, random) for _ in range(500)] for attempts in (2, 3))
    assert len(set(seconds)) == 500
    assert max(seconds) < max(thirds) <= 2 * max(seconds) + 0.01
    assert max(pause_s(50, random) for _ in range(500)) <= 0.5


def latencies(*seconds):
    result = Latencies()
    for one in seconds:
        result.add(one)
    return result


def test_quantiles_are_those_of_the_newest_256():
    times = latencies(*[9.0] * 500, *[index / 1000 for index in range(256)])
    assert [times.quantile_s(share) for share in (0.0, 0.5, 0.99, 1.0)] == [0.0, 0.128, 0.253, 0.255]


def test_where_little_is_known_half_of_the_time_is_left_for_another_server():
    assert late_s(latencies(*[0.01] * 19), 8.0) == 4.0


def test_a_call_is_late_after_twice_the_slowest_percent_but_not_within_a_pause_of_the_machine():
    assert late_s(latencies(*[0.2] * 100), 30.0) == 0.2 * 2
    assert late_s(latencies(*[0.002] * 100), 30.0) == 0.05


def test_lateness_leaves_time_for_another_server_where_it_can_make_it():
    assert late_s(latencies(*[0.2] * 100), 0.6) == 0.3
    assert late_s(latencies(*[0.5] * 100), 0.6) == 0.5


def test_hedging_asks_earlier_and_only_when_it_is_set():
    times = latencies(*[0.01] * 90, *[0.08] * 10)
    assert patience_s(times, 30.0, 0) == late_s(times, 30.0)
    assert patience_s(times, 30.0, 10) == 0.08
    assert patience_s(times, 30.0, 20) == 0.01
