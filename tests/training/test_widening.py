"""A wider network must say what the narrower one says, and be able to learn with what is new in it."""

import keras
import numpy as np
import pytest

from exporters.networks.inception_v3 import EMBEDDING, MIN_PX, model
from exporters.training.embedder.widening import widened
from exporters.weights.inception_v3 import layer_shapes, set_weights, weights_of

WIDTH = 0.1


@pytest.fixture(scope="module")
def narrow():
    """A network whose normalisation is none of the first: everything in it counts."""
    network = model(input_px=MIN_PX, width=WIDTH, dimension=16, seed=1)
    rng = np.random.default_rng(0)
    weights = weights_of(network)
    for name in sorted(weights.keys() - {EMBEDDING}):
        shape = weights[name]["beta"].shape
        weights[name] |= {"beta": rng.normal(0, 0.1, shape), "mean": rng.normal(0, 0.1, shape)}
        weights[name]["variance"] = rng.uniform(0.5, 2, shape)
    weights[EMBEDDING]["bias"] = rng.normal(0, 1, 16)
    set_weights(network, weights)
    return network


@pytest.fixture(scope="module")
def wide(narrow):
    return widened(weights_of(narrow), width=0.25, seed=2)


def pictures():
    return np.random.default_rng(1).uniform(-1, 1, (2, MIN_PX, MIN_PX, 3)).astype(np.float32)


def loaded(weights, width):
    network = model(input_px=MIN_PX, width=width, dimension=16, seed=3)
    set_weights(network, weights)
    return network


def test_a_wider_network_gives_the_same_vectors(narrow, wide):
    expected = narrow(pictures()).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3  # pictures are told apart at all
    np.testing.assert_allclose(loaded(wide, 0.25)(pictures()), expected, atol=1e-5)


def test_it_has_the_weights_of_its_width(wide):
    shapes = {name: {part: value.shape for part, value in layer.items()} for name, layer in wide.items()}
    assert shapes.pop(EMBEDDING)["bias"] == (16,)
    assert shapes == {name: layer for name, layer in layer_shapes(0.25).items() if name != EMBEDDING}


def test_new_channels_are_alive_and_differ(wide):
    """What they give is not 0 and no two give the same, else they could not learn."""
    network = loaded(wide, 0.25)
    layer = network.get_layer("Mixed_5b.0a_1x1")
    given = keras.Model(network.input, layer.output)(pictures(), training=True)  # normalised as while it learns
    new = given.numpy().reshape(-1, given.shape[-1])[:, channels(WIDTH) :]
    assert new.shape[1] > 0
    assert (new.std(axis=0) > 0).all()
    assert len(np.unique(new.T, axis=0)) == new.shape[1]


def channels(width):
    return layer_shapes(width)["Mixed_5b.0a_1x1"]["beta"][0]


def test_the_same_width_is_the_same_network(narrow):
    weights = weights_of(narrow)
    again = widened(weights, width=WIDTH, seed=2)
    for name, layer in weights.items():
        for part, value in layer.items():
            np.testing.assert_array_equal(again[name][part], value, err_msg=name)
