import pytest

from orchestrator.predict.rules.eject import (
    FIRST_EJECTION_S,
    LONGEST_EJECTION_S,
    AttemptOutcome,
    ServerHealth,
    ServerState,
)


def ended(health, outcome, times=1, now_s=0.0, *, may_eject=True):
    return [health.ended(outcome, now_s, may_eject=may_eject) for _ in range(times)]


@pytest.mark.parametrize(
    ("outcome", "times"), [(AttemptOutcome.UNREACHABLE, 1), (AttemptOutcome.LATE, 2), (AttemptOutcome.BROKEN, 5)]
)
def test_failures_in_a_row_eject(outcome, times):
    assert ended(ServerHealth(), outcome, times) == [False] * (times - 1) + [True]


def test_an_answer_in_between_starts_the_count_anew():
    health = ServerHealth()
    for _ in range(5):
        assert ended(health, AttemptOutcome.BROKEN, 4) == [False] * 4
        ended(health, AttemptOutcome.ANSWERED)
    assert health.state is ServerState.IN_USE


@pytest.mark.parametrize(
    "outcome", [AttemptOutcome.ANSWERED, AttemptOutcome.FULL, AttemptOutcome.LACKING, AttemptOutcome.UNKNOWN]
)
def test_a_server_that_is_well_is_never_ejected(outcome):
    assert not any(ended(ServerHealth(), outcome, 100))


def test_a_server_that_still_answers_stays_where_too_few_others_are_left_and_one_that_is_gone_goes():
    health = ServerHealth()
    assert not any(ended(health, AttemptOutcome.LATE, 10, may_eject=False))
    assert ended(health, AttemptOutcome.UNREACHABLE, may_eject=False) == [True]


def test_it_is_asked_when_its_time_is_over_and_a_call_decides():
    health = ServerHealth()
    ended(health, AttemptOutcome.UNREACHABLE)
    assert not health.due(FIRST_EJECTION_S - 0.01)
    assert health.due(FIRST_EJECTION_S)
    health.probed(answered=False, now_s=1.0)
    assert not health.due(1.9)
    assert health.due(2.0)
    health.probed(answered=True, now_s=2.0)
    assert health.state is ServerState.ON_TRIAL
    ended(health, AttemptOutcome.ANSWERED)
    assert (health.state, health.ejections) == (ServerState.IN_USE, 0)


def test_each_failed_trial_doubles_the_time_up_to_a_bound():
    health, times = ServerHealth(), []
    ended(health, AttemptOutcome.UNREACHABLE)
    for _ in range(20):
        times.append(health.until_s)
        health.probed(answered=True, now_s=0.0)
        assert ended(health, AttemptOutcome.LATE) == [True]  # on trial one is enough
    assert times[:4] == [FIRST_EJECTION_S * 2**n for n in range(4)]
    assert times[-1] == LONGEST_EJECTION_S


def test_a_late_answer_to_an_old_call_does_not_bring_an_ejected_server_back():
    health = ServerHealth()
    ended(health, AttemptOutcome.UNREACHABLE)
    ended(health, AttemptOutcome.ANSWERED)
    assert health.state is ServerState.EJECTED
