"""The attempts at a call, step by step: events in, actions out, and no clock."""

from random import Random

import pytest

from orchestrator.predict.rules.attempts import (
    AttemptKind,
    AttemptPolicy,
    Attempts,
    Cancel,
    Ejected,
    Fail,
    FailureCause,
    Send,
)
from orchestrator.predict.rules.balancer import Balancer, CallSpec
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.rules.latency import Latencies
from orchestrator.predict.rules.retry import MAX_ATTEMPTS, RETRIED, RetryBudget

SPEC = CallSpec("rnet", None, work=1.0)
LAST_ATTEMPT = [Fail(FailureCause.LAST_ATTEMPT)]


class Client:
    """What the calls of a test share, with so many servers."""

    def __init__(self, servers, hedged_percent=0.0):
        self.balancer = Balancer(Random(1), max_calls=16)
        self.balancer.update({"rnet": frozenset(f"server-{index}" for index in range(servers))})
        self.latencies = Latencies()
        self.policy = AttemptPolicy(self.balancer, RetryBudget(), Random(2), hedged_percent)

    def call(self, now_s=0.0, timeout_s=8.0):
        return Attempts(self.policy, SPEC, self.latencies, now_s=now_s, end_s=now_s + timeout_s)

    def calls_under_way(self):
        return sum(server.load.calls for server in self.balancer.all_servers())


def sent(actions):
    """The only action, which is a `Send`."""
    (action,) = actions
    assert isinstance(action, Send)
    return action


def test_an_answer_ends_the_call_and_is_learnt_from():
    client = Client(2)
    attempts = client.call()
    first = sent(attempts.begin(0.0))
    assert first.kind is AttemptKind.FIRST
    assert client.calls_under_way() == 1
    assert attempts.answered(first.server, 0.3) == []
    assert client.calls_under_way() == 0
    for _ in range(19):
        client.latencies.add(0.3)
    assert client.latencies.quantile_s(0.5) == 0.3  # of the 20 that are needed, one is the call's


def test_without_a_server_there_is_nothing_to_wait_for():
    assert Client(0).call().begin(0.0) == [Fail(FailureCause.NO_SERVER)]


@pytest.mark.parametrize("outcome", sorted(RETRIED, key=lambda one: one.name))
def test_what_another_server_may_answer_is_sent_to_one_that_was_not_asked(outcome):
    attempts = Client(2).call()
    first = sent(attempts.begin(0.0))
    second = sent([one for one in attempts.failed(first.server, outcome, 0.1) if not isinstance(one, Ejected)])
    assert second.kind is AttemptKind.RETRY
    assert second.server is not first.server
    assert attempts.failed(second.server, AttemptOutcome.FULL, 0.2) == LAST_ATTEMPT  # no third server


@pytest.mark.parametrize("outcome", sorted(set(AttemptOutcome) - RETRIED, key=lambda one: one.name))
def test_other_failures_are_the_calls(outcome):
    client = Client(2)
    attempts = client.call()
    first = sent(attempts.begin(0.0))
    assert attempts.failed(first.server, outcome, 0.1) == LAST_ATTEMPT
    assert client.calls_under_way() == 0


def test_the_third_server_is_asked_after_a_pause_and_a_fifth_is_not():
    attempts = Client(9).call()
    send, now_s, asked = sent(attempts.begin(0.0)), 0.0, 1
    while asked < MAX_ATTEMPTS:
        actions = attempts.failed(send.server, AttemptOutcome.FULL, now_s)
        if asked == 1:
            assert actions != []
        else:
            assert actions == []
            assert 0 < attempts.wake_s - now_s < 0.5
            now_s = attempts.wake_s
            actions = attempts.wake(now_s)
        send = sent(actions)
        asked += 1
    assert attempts.failed(send.server, AttemptOutcome.FULL, now_s) == LAST_ATTEMPT


def test_no_retry_goes_beyond_the_budget():
    client = Client(2)
    while client.policy.budget.take():
        pass
    attempts = client.call()
    first = sent(attempts.begin(0.0))
    assert attempts.failed(first.server, AttemptOutcome.FULL, 0.1) == LAST_ATTEMPT


def test_no_retry_begins_after_the_deadline():
    attempts = Client(2).call(timeout_s=1.0)
    first = sent(attempts.begin(0.0))
    assert attempts.failed(first.server, AttemptOutcome.FULL, 1.0) == LAST_ATTEMPT


def test_beside_a_late_server_another_is_asked_once_and_the_first_answer_ends_the_other_attempt():
    client = Client(3)
    attempts = client.call(timeout_s=8.0)
    first = sent(attempts.begin(0.0))
    assert attempts.wake_s == 4.0  # half of the time, where nothing is known of such calls
    second = sent(attempts.wake(4.0))
    assert second.kind is AttemptKind.HEDGE
    assert second.server is not first.server
    assert attempts.wake_s > 8.0  # no third one is asked
    assert attempts.answered(second.server, 4.1) == [Cancel(first.server)]
    assert client.calls_under_way() == 0
    assert attempts.answered(first.server, 4.2) == []  # too late to matter
    assert client.calls_under_way() == 0


def test_the_slowest_percent_are_hedged_where_that_is_set():
    client = Client(2, hedged_percent=10)
    for _ in range(100):
        client.latencies.add(0.02)
    attempts = client.call()
    sent(attempts.begin(1.0))
    assert attempts.wake_s == pytest.approx(1.02)


def test_a_server_that_was_late_twice_is_ejected():
    client = Client(2)
    ejected = []
    for number in range(10):
        attempts = client.call(now_s=10.0 * number)
        first = sent(attempts.begin(10.0 * number))
        ejected += [one for one in attempts.abandon(10.0 * number + 5) if isinstance(one, Ejected)]
        if ejected:
            break
    assert ejected == [Ejected(first.server, AttemptOutcome.LATE)]


def test_a_call_that_is_given_up_early_says_nothing_about_its_server():
    client = Client(1)
    for _ in range(10):
        attempts = client.call()
        first = sent(attempts.begin(0.0))
        assert attempts.abandon(0.1) == [Cancel(first.server)]
        assert attempts.abandon(0.2) == []
    assert client.calls_under_way() == 0


def test_one_of_two_attempts_that_fails_leaves_the_other():
    attempts = Client(3).call()
    first = sent(attempts.begin(0.0))
    second = sent(attempts.wake(attempts.wake_s))
    assert attempts.failed(second.server, AttemptOutcome.FULL, 4.5) == []
    assert attempts.answered(first.server, 5.0) == []


def test_a_deadline_that_no_attempt_reports_ends_the_call_all_the_same():
    client = Client(1)
    attempts = client.call(timeout_s=1.0)
    first = sent(attempts.begin(0.0))
    assert attempts.wake(attempts.wake_s) == []  # no other server to ask
    actions = attempts.wake(attempts.wake_s)
    assert actions[0] == Cancel(first.server)
    assert actions[-1] == Fail(FailureCause.DEADLINE)
    assert client.calls_under_way() == 0
