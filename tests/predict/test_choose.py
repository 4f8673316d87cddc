from random import Random

import pytest

from orchestrator.predict.rules.choose import choose
from orchestrator.predict.rules.load_estimate import LoadEstimate


def loads(*works):
    result = []
    for work in works:
        load = LoadEstimate()
        load.began(work)
        result.append(load)
    return result


def test_the_least_loaded_of_all_is_chosen_whatever_the_order():
    for works in ((3, 1, 2), (1, 2, 3), (2, 3, 1)):
        assert choose(loads(*works), 1, 0.0, Random(0), compared=3) == works.index(1)


def test_two_of_many_are_compared_so_the_most_loaded_is_never_chosen_and_others_are():
    chosen = {choose(loads(5, 1, 2, 3), 1, 0.0, Random(seed), compared=2) for seed in range(200)}
    assert chosen == {1, 2, 3}


def test_equal_servers_get_equal_shares():
    random = Random(1)
    counts = [0, 0, 0]
    for _ in range(3000):
        counts[choose(loads(0, 0, 0), 1, 0.0, random, compared=3)] += 1
    assert max(counts) - min(counts) < 150  # five standard deviations of a fair draw's count are 129


def test_a_slow_server_is_chosen_only_when_the_others_have_that_much_more_to_do():
    slow, fast = loads(0, 1.9)
    for _ in range(40):
        slow.took(3.0, 1.0, 0.0)
    assert slow.slowness(0.0) == pytest.approx(3.0, rel=0.01)
    assert choose([slow, fast], 1, 0.0, Random(0), compared=2) == 1
    fast.began(0.2)
    assert choose([slow, fast], 1, 0.0, Random(0), compared=2) == 0


def test_what_was_slow_is_forgotten_so_that_it_is_tried_again():
    load = LoadEstimate()
    for _ in range(40):
        load.took(5.0, 1.0, 0.0)
    assert load.slowness(5.0) == pytest.approx(3.0, rel=0.01)
    assert load.slowness(60.0) == pytest.approx(1.0, abs=0.01)


def test_no_work_is_left_over_when_every_call_is_over():
    load = LoadEstimate()
    for work in (0.1, 0.2, 0.3):
        load.began(work)
    for work in (0.3, 0.1, 0.2):
        load.ended(work)
    assert (load.calls, load.work) == (0, 0.0)
