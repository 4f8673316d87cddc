"""Names for the faces of a picture, against every possible way of giving them."""

import itertools

import numpy as np
import pytest

from orchestrator.pipeline.naming import name_faces


def best_sum(candidates, threshold):
    """The greatest sum of threshold less distance over all ways to give each face one near subject, or none."""
    choices = [[None, *[(s, d) for s, d in near if d <= threshold]] for near in candidates]
    best = 0.0
    for way in itertools.product(*choices):
        given = [one for one in way if one]
        if len({subject for subject, _ in given}) == len(given):
            best = max(best, sum(threshold - distance for _, distance in given))
    return best


@pytest.mark.parametrize("seed", range(60))
def test_the_names_are_the_best_way_of_all(seed):
    rng = np.random.default_rng(seed)
    people = "ABCDE"[: rng.integers(1, 6)]
    candidates = [
        sorted(((who, float(rng.uniform(0.2, 0.8))) for who in people), key=lambda pair: pair[1])
        for _ in range(rng.integers(1, 6))
    ]
    names = name_faces(candidates, threshold=0.55)
    given = [(name, dict(near)[name]) for name, near in zip(names, candidates, strict=True) if name]
    assert len({name for name, _ in given}) == len(given)
    assert all(distance <= 0.55 for _, distance in given)
    assert sum(0.55 - distance for _, distance in given) == pytest.approx(best_sum(candidates, 0.55), abs=1e-9)


def test_the_nearer_of_two_faces_of_one_person_is_named():
    assert name_faces([[("A", 0.4)], [("A", 0.3)]], threshold=0.5) == [None, "A"]


def test_a_face_takes_its_second_where_the_sum_is_greater():
    twins = [[("A", 0.30), ("B", 0.32)], [("A", 0.31), ("B", 0.58)]]
    assert name_faces(twins, threshold=0.6) == ["B", "A"]


def test_exactly_at_the_threshold_is_named_and_beyond_it_is_not():
    assert name_faces([[("A", 0.5)]], threshold=0.5) == ["A"]
    assert name_faces([[("A", np.nextafter(0.5, 1))]], threshold=0.5) == [None]
    assert name_faces([[("A", 0.0)]], threshold=0.0) == ["A"]


def test_nobody_and_nothing():
    assert name_faces([], threshold=0.5) == []
    assert name_faces([[], []], threshold=0.5) == [None, None]
