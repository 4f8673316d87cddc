from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipeline.assignment import best_pairs


def greatest_sum(gains: np.ndarray) -> float:
    """The obvious way: try every one."""
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    rows, columns = gains.shape
    useful = np.maximum(gains, 0)
    return max(sum(useful[row, column] for row, column in enumerate(way)) for way in permutations(range(columns), rows))


def total(gains: np.ndarray, pairs: np.ndarray) -> float:
    return float(gains[pairs[:, 0], pairs[:, 1]].sum())


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_no_other_pairing_gains_more(rows, columns, seed):
    # Few values, so that ties are common.
    gains = np.random.default_rng(seed).integers(-3, 6, (rows, columns)) / 4
    pairs = best_pairs(gains)
    assert total(gains, pairs) == pytest.approx(greatest_sum(gains), abs=1e-12)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert list(pairs[:, 0]) == sorted(pairs[:, 0])
    assert (gains[pairs[:, 0], pairs[:, 1]] > 0).all()


def test_the_greedy_choice_is_not_taken_where_it_costs():
    # Greedy takes 5 and is left with 1: 6 in all.
    np.testing.assert_array_equal(best_pairs(np.array([[5.0, 4.0], [4.0, 1.0]])), [[0, 1], [1, 0]])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_pairs_with_nothing(shape):
    assert best_pairs(np.zeros(shape)).shape == (0, 2)


def test_a_pair_without_gain_is_not_made():
    np.testing.assert_array_equal(best_pairs(np.array([[0.0, -1.0], [0.0, 1e-9]])), [[1, 1]])


def test_a_hundred_by_a_hundred_is_a_permutation_back():
    rng = np.random.default_rng(5)
    truth = rng.permutation(100)
    gains = rng.random((100, 100))
    gains[np.arange(100), truth] += 100
    np.testing.assert_array_equal(best_pairs(gains), np.stack([np.arange(100), truth], axis=1))
