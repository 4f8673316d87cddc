"""The factor of the noise: the least that is enough, and the same pictures with it in the weights."""

import numpy as np
import pytest

from exporters.networks import generator
from exporters.signatures import LABELS, NOISE_DIM
from exporters.training.digits.mnist import Digits
from exporters.training.digits.spread import SPREADS, WANTED, enough_spread, mean_distance, with_spread


@pytest.fixture(scope="module")
def digits():
    """Grey that differs from picture to picture, by as much for every label."""
    rng = np.random.default_rng(0)
    levels = rng.normal(128, 20, (2_000, 1, 1)).clip(0, 255)
    images = np.broadcast_to(levels, (2_000, 28, 28)).astype(np.uint8)
    return Digits(images, (np.arange(2_000) % LABELS).astype(np.uint8))


def grey(reach):
    """Returns a generator of grey that differs by `reach` grey levels, and that of one label by a little less."""

    def sample(noise, labels):
        levels = noise[:, 0] * reach * np.where(labels[:, 3] == 1, 0.9, 1.0) / 127.5
        return np.broadcast_to(levels[:, None, None, None], (len(noise), 28, 28, 1))

    return sample


def test_the_least_varied_digit_decides(digits):
    spread = enough_spread(grey(18), digits, seed=1)
    assert pytest.approx(spread, abs=0.07) == 20 * WANTED / (0.9 * 18)


def test_what_is_varied_enough_is_left_alone(digits):
    assert enough_spread(grey(40), digits, seed=1) == 1.0


def test_the_largest_is_taken_where_none_is_enough(digits):
    assert enough_spread(grey(1), digits, seed=1) == SPREADS[-1]


def test_the_factor_in_the_weights_is_that_of_the_noise():
    rng = np.random.default_rng(2)
    weights = {
        layer: {name: rng.uniform(0.1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
        for layer, shapes in generator.LAYERS.items()
    }
    weights["deconv3"]["kernel"] *= 1e-3
    noise = rng.standard_normal((3, NOISE_DIM)).astype(np.float32)
    labels = np.eye(LABELS, dtype=np.float32)[:3]
    expected = generator.pictures(weights, noise * np.float32(1.25), labels)
    np.testing.assert_allclose(generator.pictures(with_spread(weights, 1.25), noise, labels), expected, atol=1e-4)


def test_mean_distance_is_in_grey_levels_from_0_to_1():
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, :2, :2] = 255
    assert mean_distance(images) == pytest.approx(2.0)
