"""The rules of the simulation are those of the service, and what follows from them."""

from dataclasses import replace
from random import Random

import pytest

import orchestrator.capacity.day as day_module
import orchestrator.capacity.simulated_client as client_module
from orchestrator.capacity.day import OFFICE, Day, read_curve, share_at
from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.events import Events
from orchestrator.capacity.profile import read_profile
from orchestrator.capacity.search import CapacitySearch
from orchestrator.capacity.simulate import simulate
from orchestrator.capacity.simulated_client import SimulatedClient
from orchestrator.capacity.simulated_service import ReplicaCounts, SimulatedService
from orchestrator.capacity.station import Job, Station
from orchestrator.capacity.workload import NetworkProfile, OfferedLoad, ServiceTimes
from orchestrator.fleet import autoscale
from orchestrator.predict import limiter
from orchestrator.predict.rules import admission, attempts, balancer, eject, latency, load_estimate, retry
from orchestrator.predict.servers import balanced_predictor
from orchestrator.settings import Settings


@pytest.fixture
def small(profile_file):
    return OfferedLoad(read_profile(profile_file), 100, {"small": 1.0})


def test_the_rules_are_the_very_objects_of_the_service(small):
    assert client_module.AdmissionQueue is limiter.AdmissionQueue is admission.AdmissionQueue
    assert client_module.Attempts is balanced_predictor.Attempts is attempts.Attempts
    assert client_module.Balancer is balancer.Balancer
    assert client_module.LatencyBook is latency.LatencyBook
    assert client_module.RetryBudget is retry.RetryBudget
    assert day_module.Autoscaler is autoscale.Autoscaler
    service = SimulatedService(small.profile, ReplicaCounts(2, {"pnet": 3, "embedder": 1}), Settings(), 0)
    for one in service.orchestrators:
        assert isinstance(one.client, SimulatedClient)
        (server, *_), addresses = one.client.balancer.servers("pnet"), service.servers["pnet"]
        assert {known.address for known in one.client.balancer.servers("pnet")} == set(addresses)
        assert type(server.load) is load_estimate.LoadEstimate
        assert type(server.health) is eject.ServerHealth


def test_a_call_on_a_server_that_hangs_is_hedged_as_in_the_service():
    events = Events()
    stations = {"frozen": Station(events, 1), "well": Station(events, 1)}
    stations["frozen"].submit(Job(1_000.0, lambda: None))
    client = SimulatedClient(events, stations, Settings().balance_options(), Random(1))
    client.update({"pnet": frozenset(stations)})
    ended_s, took_s = [], []
    for _ in range(8):
        began_s = events.now_s
        client.call(
            "pnet", ServiceTimes(0.1), began_s + 8, lambda answered: ended_s.append(events.now_s if answered else 0)
        )
        events.run(until=lambda: len(ended_s) > len(took_s))
        took_s.append(ended_s[-1] - began_s)
    # Half of the time is left for another server, while too little is known of how long such calls take.
    assert {round(one, 6) for one in took_s} == {0.1, 4.1}
    assert client.in_flight("pnet") == 0
    assert not any(server.load.calls for server in client.balancer.all_servers())


def test_overload_is_refused_and_what_is_admitted_is_in_time(small):
    settings = Settings(timeout_s=1.0)
    answers = simulate(small, ReplicaCounts(1, {"pnet": 1, "embedder": 2}), pictures=2_000, settings=settings)
    answered = [took_s for took_s in answers.ascending_s if took_s < float("inf")]
    # A pnet server does 50 pictures of 20 ms in a second, of the 100 that come.
    assert len(answered) / len(answers.ascending_s) == pytest.approx(0.5, rel=0.1)
    assert max(answered) <= 1.0


def test_more_servers_are_never_slower(small):
    p99_s = [
        simulate(small, ReplicaCounts(4, {"pnet": number, "embedder": 3}), pictures=1_000).quantile_s(0.99)
        for number in (3, 4, 6, 12)
    ]
    assert p99_s == sorted(p99_s, reverse=True)


def test_a_plan_is_enough_and_one_server_less_is_not(small):
    plan = CapacitySearch(small, 0.07, pictures=1_500).run()
    assert plan.counts.servers["pnet"] >= small.servers_busy("pnet") == pytest.approx(2.0)
    fewer = ReplicaCounts(plan.counts.orchestrators, {**plan.counts.servers, "pnet": plan.counts.servers["pnet"] - 1})
    assert simulate(small, plan.counts, pictures=1_500, seed=1).quantile_s(0.99) <= 0.07
    assert simulate(small, fewer, pictures=1_500, seed=0).quantile_s(0.99) > 0.07


def test_what_no_number_of_servers_can_do_is_said_with_the_number(small):
    with pytest.raises(CannotPlan, match="more than 1000"):
        CapacitySearch(OfferedLoad(small.profile, 1e6, small.mix), 1.0, pictures=200).run()


def test_the_servers_of_a_day_follow_its_load(small):
    sizes = ReplicaCounts(4, {"pnet": 1, "embedder": 1})
    networks = dict.fromkeys(small.profile.networks, NetworkProfile(start_s=1.0))
    load_of_day = OfferedLoad(replace(small.profile, networks=networks), 150, small.mix)
    curve = ((0, 0.1), (8, 1.0), (12, 1.0), (13, 0.0), (24, 0.0))
    moments = Day(load_of_day, sizes, curve, day_s=120, autoscale=True).run(samples=24)
    numbers = [one.servers["pnet"] for one in moments]
    assert max(numbers) >= 3  # 150 pictures of 20 ms
    assert numbers[-1] == 1
    assert sum(one.rps for one in moments) * 5 == pytest.approx(150 * 120 * (0.55 * 8 + 4 + 0.5) / 24, rel=0.1)


def test_a_curve_is_straight_between_its_points():
    assert share_at(OFFICE, 0) == 0.12
    assert share_at(OFFICE, 2) == pytest.approx(0.09)
    assert share_at(((6, 0.2), (7, 0.4)), 3) == 0.2
    assert share_at(((6, 0.2), (7, 0.4)), 24) == 0.4


@pytest.mark.parametrize("text", ["0,1\n0,2\n", "0,1\n25,2\n", "0,-1\n", "0,0\n", "0,1\na,b\n"])
def test_a_curve_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "day.csv"
    path.write_text(text)
    with pytest.raises(CannotPlan):
        read_curve(path)
