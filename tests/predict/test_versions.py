"""A request keeps to one version of each network, whatever changes meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from random import Random

import numpy as np
import pytest

from exporters.signatures import RNET_CROP_PX
from facegrid.errors import Unavailable
from orchestrator.deadline import Deadline
from orchestrator.predict.versioned_predictor import VersionedPredictor
from orchestrator.predict.versions import Route, Versions
from tests.support.doubles import FunctionPredictor, rnet

CANARY = {"pnet": Route(stable=1, canary=2, share=0.25)}


def test_without_a_plan_the_server_chooses() -> None:
    versions = Versions()
    with versions.request():
        assert versions.of("pnet") is None


def test_the_canary_gets_its_share_of_the_requests() -> None:
    versions = Versions(Random(1).random)
    versions.follow(1, CANARY)
    drawn: Counter[int | None] = Counter()
    for _ in range(10_000):
        with versions.request():
            drawn[versions.of("pnet")] += 1
    assert set(drawn) == {1, 2}
    assert 0.23 < drawn[2] / 10_000 < 0.27


@pytest.mark.parametrize(("share", "draw", "version"), [(0.0, 0.0, 1), (0.5, 0.5, 1), (0.5, 0.49, 2), (1.0, 0.999, 2)])
def test_a_share_of_0_is_no_request_and_a_share_of_1_is_every_request(share: float, draw: float, version: int) -> None:
    versions = Versions(lambda: draw)
    versions.follow(1, {"pnet": Route(stable=1, canary=2, share=share)})
    with versions.request():
        assert versions.of("pnet") == version


def in_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    return lambda: asyncio.run(test())


@in_a_loop
async def test_all_tasks_of_a_request_get_its_version_also_after_a_change() -> None:
    draws = iter([0.0, 0.9])
    versions = Versions(lambda: next(draws))
    versions.follow(1, CANARY)

    async def ask() -> int | None:
        await asyncio.sleep(0)
        return versions.of("pnet")

    with versions.request():
        first = asyncio.gather(*(ask() for _ in range(5)))
        await asyncio.sleep(0)
        versions.follow(2, {"pnet": Route(stable=3)})
        assert set(await first) == {2}
        assert await asyncio.create_task(ask()) == 2
        with versions.request():  # part of the same one
            assert versions.of("pnet") == 2
    with versions.request():
        assert versions.of("pnet") == 3


@in_a_loop
async def test_the_oldest_plan_is_that_of_the_oldest_request_under_way() -> None:
    versions = Versions()
    versions.follow(1, CANARY)
    ended = asyncio.Event()

    async def request() -> None:
        with versions.request():
            await ended.wait()

    task = asyncio.create_task(request())
    await asyncio.sleep(0)
    versions.follow(2, CANARY)
    assert versions.oldest_generation == 1
    ended.set()
    await task
    assert versions.oldest_generation == 2


def test_a_change_returns_the_networks_whose_route_it_changes() -> None:
    versions = Versions()
    assert versions.follow(1, CANARY) == {"pnet"}
    assert versions.follow(2, {**CANARY, "rnet": Route(stable=1)}) == {"rnet"}
    assert versions.follow(3, {"rnet": Route(stable=1)}) == {"pnet"}


def test_calls_ask_for_the_version_and_are_counted_under_it() -> None:
    versions = Versions(lambda: 0.0)
    versions.follow(1, {"rnet": Route(stable=1, canary=2, share=0.25)})
    predictor = VersionedPredictor(FunctionPredictor({"rnet": rnet}, {"rnet": (1, 2)}), versions)
    crops = np.zeros((1, RNET_CROP_PX, RNET_CROP_PX, 3), np.uint16)

    async def ask() -> None:
        with versions.request():
            await predictor.predict("rnet", {"crops": crops}, deadline=Deadline(10))
        await predictor.predict("rnet", {"crops": crops}, deadline=Deadline(10), version=1)
        with pytest.raises(Unavailable):
            await predictor.predict("rnet", {"crops": crops}, deadline=Deadline(10), version=3)

    asyncio.run(ask())
    counted = {version: (stats.calls, stats.errors) for (_, version), stats in predictor.call_stats.items()}
    assert counted == {2: (1, 0), 1: (1, 0), 3: (1, 1)}
    assert not +predictor.in_flight
    predictor.forget("rnet")
    assert not predictor.call_stats
