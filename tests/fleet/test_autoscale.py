"""The number of servers follows the load, with the delays of the rules, at their very ends."""

import pytest

from orchestrator.fleet.autoscale import Autoscaler, ScalingRules

RULES = ScalingRules(least=1, most=4, calls_per_server=2, longest_queue_s=0.25, up_delay_s=1, down_delay_s=10)


def run(scaler: Autoscaler, servers: int, loads: list[float], *, queue_s: float = 0, at_s: float = 0) -> list[int]:
    """Decides twice a second, and lets every decision be carried out at once."""
    numbers = []
    for step, in_flight in enumerate(loads):
        servers = scaler.decide(servers, running=servers, in_flight=in_flight, queue_s=queue_s, now_s=at_s + step / 2)
        numbers.append(servers)
    return numbers


def test_more_are_wanted_for_a_second_before_there_are_more() -> None:
    assert run(Autoscaler(RULES), 1, [6, 6, 6, 6]) == [1, 1, 3, 3]


def test_a_burst_shorter_than_the_delay_starts_nothing() -> None:
    assert run(Autoscaler(RULES), 1, [0, 0, 8, 0, 0, 8, 0, 0]) == [1] * 8


def test_the_least_of_what_was_wanted_lately_is_started() -> None:
    assert run(Autoscaler(RULES), 1, [8, 4, 8])[-1] == 2


@pytest.mark.parametrize(("in_flight", "servers"), [(2, 1), (2.1, 2), (4, 2), (8, 4), (800, 4)])
def test_a_server_takes_so_many_calls_and_there_are_at_most_so_many_servers(in_flight: float, servers: int) -> None:
    assert run(Autoscaler(RULES), 1, [in_flight] * 3)[-1] == servers


@pytest.mark.parametrize(("queue_s", "servers"), [(0.25, 1), (0.26, 2)])
def test_a_long_queue_asks_for_one_more(queue_s: float, servers: int) -> None:
    assert run(Autoscaler(RULES), 1, [1, 1, 1], queue_s=queue_s)[-1] == servers


def test_a_queue_asks_for_no_more_than_one_while_that_one_starts() -> None:
    scaler = Autoscaler(RULES)
    servers = 1
    for step in range(20):
        servers = scaler.decide(servers, running=1, in_flight=1, queue_s=1, now_s=step / 2)
    assert servers == 2


def test_fewer_are_wanted_for_ten_seconds_before_there_are_fewer() -> None:
    numbers = run(Autoscaler(RULES), 3, [0] * 22)
    assert numbers.index(1) == 20
    assert set(numbers[:20]) == {3}


def test_one_busy_moment_keeps_the_servers_for_another_ten_seconds() -> None:
    numbers = run(Autoscaler(RULES), 3, [0] * 10 + [6] + [0] * 22)
    assert numbers.index(1) == 31


def test_bounds_hold_whatever_there_is() -> None:
    assert Autoscaler(RULES).decide(9, running=9, in_flight=0, queue_s=0, now_s=0) == 4
    assert Autoscaler(RULES).decide(0, running=0, in_flight=0, queue_s=0, now_s=0) == 1
