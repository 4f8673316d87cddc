"""Sizes of pools are read as they are written, or refused with what was written."""

import pytest

from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.sizes import (
    MOST,
    SHARED,
    Pool,
    Size,
    format_pools,
    grow_pool,
    grow_size,
    parse_pools,
    parse_size,
)

MODELS = ("pnet", "rnet", "onet", "embedder")


@pytest.mark.parametrize(("text", "size"), [("1", Size(1, 1)), (" 2 ", Size(2, 2)), ("1-1000", Size(1, MOST))])
def test_a_size_is_a_number_or_a_range(text: str, size: Size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "1-", "3-2", "1001", "1-1001", "two", "1.5", "1-2-3", "²"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(FleetError, match="process"):
        parse_size(text)


def test_a_size_alone_is_of_servers_with_every_network() -> None:
    assert parse_pools("2", MODELS) == [Pool(SHARED, MODELS, Size(2, 2))]


def test_a_network_that_is_named_has_servers_of_its_own_and_the_others_share_one() -> None:
    own, shared = parse_pools("embedder=1-3", MODELS)
    assert own == Pool("embedder", ("embedder",), Size(1, 3))
    assert shared == Pool(SHARED, ("pnet", "rnet", "onet"), Size(1, 1))


def test_nobody_shares_where_every_network_is_named() -> None:
    assert [pool.name for pool in parse_pools("pnet=1,rnet=1,onet=1,embedder=1", MODELS)] == list(MODELS)


def test_an_unknown_network_is_refused_by_name() -> None:
    with pytest.raises(FleetError, match="'pnett'") as caught:
        parse_pools("pnett=2", MODELS)
    assert "pnet" in caught.value.advice


@pytest.mark.parametrize(
    "text", ["3", "1-4", "pnet=2,embedder=1-3", "pnet=1,rnet=2,onet=3,embedder=4", "pnet=2,models=2-5"]
)
def test_pools_that_are_written_are_read_again(text: str) -> None:
    pools = parse_pools(text, MODELS)
    assert parse_pools(format_pools(pools), MODELS) == pools


def test_a_number_grows_and_a_range_stays() -> None:
    assert grow_size(Size(1, 1), 4) == Size(1, 4)
    assert grow_size(Size(6, 6), 4) == Size(6, 6)
    assert grow_pool(Pool("pnet", ("pnet",), Size(1, 2)), 4).size == Size(1, 2)
