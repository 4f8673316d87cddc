import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.signatures import EMBEDDER_VERSION, EMBEDDERS
from orchestrator.pipeline.thresholds import (
    FALSE_MATCH_RATES,
    IDENTIFY_FALSE_MATCH_RATES,
    VERIFY_FALSE_MATCH_RATE,
    false_match_rate,
    false_positive_rate,
    match_rate_for,
    threshold_of,
)

UNKNOWN = 99


def test_the_default_embedder_has_rates():
    assert EMBEDDER_VERSION in FALSE_MATCH_RATES
    assert set(IDENTIFY_FALSE_MATCH_RATES) == set(FALSE_MATCH_RATES) <= set(EMBEDDERS)


@pytest.mark.parametrize("version", FALSE_MATCH_RATES)
def test_rates_grow_with_the_distance(version):
    thresholds, rates = np.array(FALSE_MATCH_RATES[version]).T
    assert (np.diff(thresholds) > 0).all()
    assert (np.diff(rates) > 0).all()
    assert 0 < rates[0] < rates[-1] < 1
    assert rates[0] <= IDENTIFY_FALSE_MATCH_RATES[version] < VERIFY_FALSE_MATCH_RATE <= rates[-1]


@pytest.mark.parametrize(("threshold", "rate"), FALSE_MATCH_RATES[1])
def test_measured_points_are_given_back(threshold, rate):
    assert false_match_rate(threshold, 1) == pytest.approx(rate)
    assert threshold_of(rate, 1) == pytest.approx(threshold)


@given(st.floats(0.4, 0.8), st.floats(0.4, 0.8))
def test_a_greater_threshold_lets_more_strangers_pass(one, other):
    low, high = sorted((one, other))
    assert false_match_rate(low, 1) <= false_match_rate(high, 1)


@given(st.floats(0.4, 0.8))
def test_rate_and_threshold_are_each_others_inverse(threshold):
    assert threshold_of(false_match_rate(threshold, 1), 1) == pytest.approx(threshold, abs=1e-9)


@pytest.mark.parametrize("threshold", [0.0, 0.3999, 0.8001, 10.0])
def test_beyond_what_was_measured_no_rate_is_given(threshold):
    assert false_match_rate(threshold, 1) is None


def test_below_the_least_rate_the_threshold_goes_on_falling():
    found = [threshold_of(rate, 1) for rate in (4.84e-6, 1e-6, 1e-8, 1e-300)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(0.4)
    assert found[-1] == 0.0
    assert threshold_of(0.99, 1) == 0.8


def test_an_embedder_that_was_not_measured_has_no_rates():
    assert false_match_rate(0.5, UNKNOWN) is None
    assert threshold_of(0.01, UNKNOWN) is None


@pytest.mark.parametrize(("faces", "expected"), [(0, 0.0), (1, 0.25), (2, 1 - 0.75**2), (10, 1 - 0.75**10)])
def test_a_stranger_is_compared_with_everybody(faces, expected):
    assert false_positive_rate(0.25, faces) == pytest.approx(expected)


def test_chance_agrees_with_the_formula():
    draws = np.random.default_rng(5).random((20_000, 30)) < 0.01  # a stranger against thirty faces
    assert draws.any(axis=1).mean() == pytest.approx(false_positive_rate(0.01, 30), abs=0.01)


def test_tiny_rates_and_large_galleries_lose_nothing():
    assert false_positive_rate(1e-12, 10**6) == pytest.approx(1e-6, rel=1e-6)
    assert match_rate_for(0.01, 10**6) == pytest.approx(-math.log(0.99) / 10**6, rel=1e-6)


@given(st.floats(1e-6, 0.9), st.integers(1, 10**6))
def test_match_rate_and_positive_rate_are_each_others_inverse(rate, faces):
    assert false_positive_rate(match_rate_for(rate, faces), faces) == pytest.approx(rate, rel=1e-6)


def test_an_empty_gallery_is_asked_as_one_of_one_face():
    assert match_rate_for(0.01, 0) == pytest.approx(0.01)


def test_who_matches_everybody_is_always_taken_for_somebody():
    assert false_positive_rate(1.0, 5) == 1.0
    assert false_positive_rate(1.0, 0) == 0.0
