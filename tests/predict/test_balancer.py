from collections import Counter
from random import Random

import pytest

from orchestrator.predict.rules.balancer import Balancer, CallSpec
from orchestrator.predict.rules.eject import AttemptOutcome, ServerState

RNET = CallSpec("rnet", None, 1.0)


@pytest.fixture
def balancer():
    balancer = Balancer(Random(0), max_calls=2)
    balancer.update({"rnet": frozenset("abcd"), "onet": frozenset("a")})
    return balancer


def end(balancer, server, outcome, now_s=0.0, wanted=RNET):
    balancer.began(server, wanted)
    return balancer.ended(server, wanted, outcome, now_s)


def pick_all(balancer, wanted=RNET, now_s=0.0):
    """Returns the addresses in the order in which calls that all fail would try them."""
    tried = []
    while (server := balancer.pick(wanted, now_s, tried)) is not None:
        tried.append(server.address)
    return tried


def test_each_server_of_the_model_is_tried_once(balancer):
    assert sorted(pick_all(balancer)) == ["a", "b", "c", "d"]
    assert pick_all(balancer, CallSpec("onet", None, 1.0)) == ["a"]
    assert pick_all(balancer, CallSpec("pnet", None, 1.0)) == []


def test_a_server_with_all_the_calls_it_may_have_is_the_last(balancer):
    for server in balancer.servers("rnet"):
        if server.address != "c":
            for _ in range(2):
                balancer.began(server, CallSpec("rnet", None, 0.0))
        else:
            balancer.began(server, CallSpec("rnet", None, 9.0))
    assert pick_all(balancer)[0] == "c"


def test_an_ejected_server_is_passed_over_while_there_are_others(balancer):
    (d,) = (server for server in balancer.servers("rnet") if server.address == "d")
    assert end(balancer, d, AttemptOutcome.UNREACHABLE)
    assert pick_all(balancer)[-1] == "d"
    assert balancer.capacity("rnet") == 6
    assert balancer.due(0.4) == []
    assert balancer.due(0.6) == [d]
    d.health.probed(answered=True, now_s=0.6)
    balancer.began(d, RNET)
    assert pick_all(balancer)[-1] == "d", "one call at a time shows whether it is well"
    balancer.ended(d, RNET, AttemptOutcome.ANSWERED, 0.7)
    assert d.health.state is ServerState.IN_USE


def test_half_of_the_servers_that_answer_stay_in_use_and_one_that_is_alone_too(balancer):
    def late(server):
        end(balancer, server, AttemptOutcome.LATE)
        return end(balancer, server, AttemptOutcome.LATE)

    by_address = {server.address: server for server in balancer.servers("rnet")}
    assert not late(by_address["a"]), "it is onet's only one"
    assert [late(by_address[address]) for address in "bcd"] == [True, True, False]


def test_what_cannot_be_reached_may_all_be_ejected_and_is_tried_nevertheless(balancer):
    assert all(end(balancer, server, AttemptOutcome.UNREACHABLE) for server in balancer.servers("rnet"))
    assert sorted(pick_all(balancer)) == ["a", "b", "c", "d"]
    assert balancer.capacity("rnet") == 2


def test_a_server_is_not_asked_again_for_what_it_lacks_until_it_may_have_it(balancer):
    wanted = CallSpec("rnet", 7, 1.0)
    for server in balancer.servers("rnet"):
        if server.address != "b":
            end(balancer, server, AttemptOutcome.LACKING, wanted=wanted)
    assert pick_all(balancer, wanted)[0] == "b"
    assert {pick_all(balancer, RNET)[0] for _ in range(50)} == set("abcd"), "other versions are not concerned"
    assert {pick_all(balancer, wanted, now_s=2.1)[0] for _ in range(50)} == set("abcd")


def test_a_model_that_is_left_out_keeps_its_servers_and_what_is_known_of_them_stays(balancer):
    before = balancer.servers("onet")[0]
    balancer.update({"rnet": frozenset("ae")})
    assert [server.address for server in balancer.servers("rnet")] == ["a", "e"]
    assert balancer.servers("onet") == [before]
    assert balancer.servers("rnet")[0] is before
    assert {server.address for server in balancer.all_servers()} == {"a", "e"}
    balancer.update({"onet": frozenset()})
    assert pick_all(balancer, CallSpec("onet", None, 1.0)) == []


@pytest.mark.parametrize("good", [4, 60])
def test_of_many_servers_those_that_may_have_a_call_get_it_equally_often(good):
    """Whether enough are found among those that are drawn, or all have to be looked at."""
    balancer = Balancer(Random(0), max_calls=2)
    balancer.update({"rnet": frozenset(f"s{number:03}" for number in range(100))})
    servers = balancer.servers("rnet")
    bad = servers[good:]
    for number, server in enumerate(bad):
        match number % 3:
            case 0:
                server.health.state = ServerState.EJECTED
            case 1:
                balancer.ended(server, RNET, AttemptOutcome.LACKING, 0.0)
                balancer.began(server, RNET)
            case 2:
                server.calls["rnet"] = 2
    tried = {servers[0].address}
    picked = Counter(balancer.pick(RNET, 0.0, tried).address for _ in range(6000))
    assert picked.keys() == {server.address for server in servers[1:good]}
    expected = 6000 / (good - 1)
    assert all(abs(times - expected) < 5 * expected**0.5 for times in picked.values()), picked


def test_of_many_servers_the_one_that_none_is_left_beside_is_found():
    balancer = Balancer(Random(0), max_calls=2)
    balancer.update({"rnet": frozenset(f"s{number:03}" for number in range(100))})
    assert sorted(pick_all(balancer)) == [f"s{number:03}" for number in range(100)]
