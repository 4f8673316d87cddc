"""The simulation against what queueing theory says of a single station.

Bounds are three standard deviations of the mean of 20,000 waiting times of an M/M/1 queue, or a little less.
"""

import math
from functools import cache

import pytest

from orchestrator.capacity.simulate import SimulationResult, simulate
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import (
    NetworkCalls,
    NetworkProfile,
    OfferedLoad,
    RequestKind,
    ServiceProfile,
    ServiceTimes,
)
from orchestrator.settings import Settings

MEAN_S = 0.02
# So many at once and waiting, and for so long, that our own bounds are never reached.
WIDE = Settings(max_images_at_once=1024, max_calls_per_model_server=1024, timeout_s=10)


def load_of(used: float, *, slots: int = 1, servers: int = 1, cv: float = 1.0, transport_s: float = 0.0) -> OfferedLoad:
    times = ServiceTimes(MEAN_S + transport_s, cv)
    kind = RequestKind("any", px=1, processor=ServiceTimes(0.0), steps=(NetworkCalls("rnet", 1, times),))
    profile = ServiceProfile({"any": kind}, {"rnet": NetworkProfile(slots, transport_s)})
    return OfferedLoad(profile, rps=used * slots * servers / MEAN_S, mix={"any": 1.0})


@cache
def answers_of(used: float, *, slots: int = 1, servers: int = 1, cv: float = 1.0) -> SimulationResult:
    """20,000 pictures; several tests look at the same ones."""
    load = load_of(used, slots=slots, servers=servers, cv=cv)
    answers = simulate(load, ReplicaCounts(1, {"rnet": servers}), pictures=20_000, seed=5, settings=WIDE)
    assert answers.failed() == 0
    return answers


def mean_wait_s(used: float, **others: float) -> float:
    times_s = answers_of(used, **others).ascending_s
    return sum(times_s) / len(times_s) - MEAN_S


def erlang_c(servers: int, used: float) -> float:
    """The probability of waiting, from the definition."""
    offered = servers * used
    last = offered**servers / math.factorial(servers) / (1 - used)
    return last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("used", [0.3, 0.6])
def test_one_slot_and_exponential_times_wait_as_an_m_m_1_queue(used):
    assert mean_wait_s(used) == pytest.approx(used / (1 - used) * MEAN_S, rel=0.12)


@pytest.mark.parametrize("used", [0.3, 0.6])
def test_one_slot_and_equal_times_wait_as_an_m_d_1_queue(used):
    expected_s = used / (2 * (1 - used)) * MEAN_S
    assert mean_wait_s(used, cv=0) == pytest.approx(expected_s, rel=0.1)


@pytest.mark.parametrize("cv", [0.5, 1.5])
def test_other_times_wait_as_pollaczek_and_khinchine_say(cv):
    expected_s = 0.5 / (1 - 0.5) * (1 + cv**2) / 2 * MEAN_S
    assert mean_wait_s(0.5, cv=cv) == pytest.approx(expected_s, rel=0.12)


@pytest.mark.parametrize(("slots", "used"), [(2, 0.6), (4, 0.7)])
def test_slots_of_one_server_wait_as_an_m_m_c_queue(slots, used):
    expected_s = erlang_c(slots, used) / (slots * (1 - used)) * MEAN_S
    assert mean_wait_s(used, slots=slots) == pytest.approx(expected_s, rel=0.15)


def test_the_quantiles_of_an_m_m_1_queue_are_those_of_an_exponential_distribution():
    used = 0.6
    answers = answers_of(used)
    for share in (0.5, 0.9, 0.99):
        expected_s = -math.log(1 - share) * MEAN_S / (1 - used)
        assert answers.quantile_s(share) == pytest.approx(expected_s, rel=0.12)


def test_the_way_to_a_server_makes_calls_longer_and_keeps_no_slot_busy():
    near, far = (
        simulate(
            load_of(0.7, cv=0, transport_s=away_s), ReplicaCounts(1, {"rnet": 1}), pictures=2000, seed=5, settings=WIDE
        )
        for away_s in (0.0, 0.05)
    )
    assert far.busy["rnet"] == pytest.approx(near.busy["rnet"], rel=1e-3)
    for share in (0.1, 0.5, 0.99):
        assert far.quantile_s(share) == pytest.approx(near.quantile_s(share) + 0.05)
    assert load_of(0.7, transport_s=0.05).servers_busy("rnet") == pytest.approx(0.7)


def test_the_busy_share_is_the_offered_load():
    assert answers_of(0.6).busy["rnet"] == pytest.approx(0.6, rel=0.03)


def test_equal_seeds_give_equal_results():
    first, second = (simulate(load_of(0.6), ReplicaCounts(1, {"rnet": 1}), pictures=500, seed=9) for _ in range(2))
    assert first == second


def test_a_balanced_pool_is_between_one_queue_for_all_and_servers_drawn_blindly():
    wait_s = mean_wait_s(0.7, servers=4)
    one_queue_s = erlang_c(4, 0.7) / (4 * 0.3) * MEAN_S
    blind_s = 0.7 / 0.3 * MEAN_S
    assert one_queue_s * 0.9 < wait_s < blind_s / 2
