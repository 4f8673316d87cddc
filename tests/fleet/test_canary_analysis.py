"""A version on trial passes at the limit and fails beyond it, and the numbers are said."""

import pytest

from orchestrator.fleet.canary_analysis import CanaryLimits, regressions, summarize
from orchestrator.predict.call_stats import CallStats

LIMITS = CanaryLimits(least_calls=50, error_rate_above=0.02, slower=1.5)


def tally(*, answered: int, failed: int = 0, seconds: float = 0.1) -> CallStats:
    one = CallStats()
    for _ in range(answered):
        one.answered(seconds)
    for _ in range(failed):
        one.failed()
    return one


def test_as_good_as_before_is_good_enough() -> None:
    assert regressions(tally(answered=900), tally(answered=100), LIMITS) == []


@pytest.mark.parametrize(("calls", "known"), [(49, False), (50, True)])
def test_too_few_calls_say_nothing(calls: int, known: bool) -> None:
    found = regressions(tally(answered=900), tally(answered=calls), LIMITS)
    assert found == ([] if known else ["it has answered 49 calls, at least 50 are needed"])


@pytest.mark.parametrize(("failed", "good"), [(2, True), (3, False)])
def test_errors_count_beyond_those_of_the_stable_version(failed: int, good: bool) -> None:
    found = regressions(tally(answered=100), tally(answered=100 - failed, failed=failed), LIMITS)
    assert (found == []) == good
    if not good:
        assert "3.00% of its calls failed, at most 2.00% may" in found[0]


@pytest.mark.parametrize(("seconds", "good"), [(0.13, True), (0.2, False)])
def test_times_count_at_the_median_and_at_the_end(seconds: float, good: bool) -> None:
    found = regressions(tally(answered=100), tally(answered=100, seconds=seconds), LIMITS)
    assert len(found) == (0 if good else 2)


def test_without_calls_of_the_stable_version_there_is_nothing_to_be_slower_than() -> None:
    assert regressions(CallStats(), tally(answered=100), LIMITS) == []


def test_figures_of_no_calls_are_no_numbers() -> None:
    assert summarize(CallStats()) == {"calls": 0, "error_rate": 0.0, "p50_ms": None, "p99_ms": None}
