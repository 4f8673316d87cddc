"""The measures of generated digits against slow loops and closed forms."""

import numpy as np
import pytest

from benchmarks.accuracy.digits.measures import both_first, frechet_distance, nearest
from exporters.training.digits.spread import mean_distance


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (7, 28, 28), dtype=np.uint8)


def test_mean_distance_is_that_of_all_pairs(images):
    distances = [np.linalg.norm(a / 255 - b / 255) for i, a in enumerate(images) for b in images[:i]]
    assert mean_distance(images) == pytest.approx(np.mean(distances))


def test_nearest_is_found(images):
    others = np.concatenate([images[::-1], 255 - images])
    others[3, 0, 0] ^= 255
    index, distance = nearest(images, others)
    assert index.tolist() == [6, 5, 4, 3, 2, 1, 0]
    np.testing.assert_allclose(distance, [0, 0, 0, abs(int(images[3, 0, 0]) * 2 - 255) / 255, 0, 0, 0], atol=1e-6)


def test_frechet_distance_of_shifted_and_scaled_normals():
    """Of N(0, S) and N(m, c^2 S) it is |m|^2 + (1 - c)^2 trace(S)."""
    rng = np.random.default_rng(0)
    first = rng.standard_normal((5_000, 4)) @ rng.standard_normal((4, 4))
    move = np.array([1.0, -2.0, 0.5, 0.0])
    second = (first - first.mean(axis=0)) * 1.5 + first.mean(axis=0) + move
    expected = move @ move + 0.25 * np.trace(np.cov(first, rowvar=False))
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


def test_both_first_asks_for_exactly_the_two():
    probabilities = np.array([[0.1, 0.5, 0.4, 0.0], [0.3, 0.4, 0.2, 0.1], [0.0, 0.45, 0.55, 0.0]])
    assert both_first(probabilities, (2, 1)).tolist() == [True, False, True]
