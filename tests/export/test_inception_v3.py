"""The architecture against the published one: shapes, numbers of parameters, and Keras's own implementation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from exporters.networks import inception_v3, inception_v3_graph
from exporters.networks.inception_v3 import EMBEDDING, END_POINTS
from exporters.signatures import SERVING_DEFAULT
from exporters.weights.inception_v3 import layer_shapes, weights_of

SHAPES = {
    "Conv2d_1a_3x3": (149, 149, 32),
    "Conv2d_2a_3x3": (147, 147, 32),
    "Conv2d_2b_3x3": (147, 147, 64),
    "MaxPool_3a_3x3": (73, 73, 64),
    "Conv2d_3b_1x1": (73, 73, 80),
    "Conv2d_4a_3x3": (71, 71, 192),
    "MaxPool_5a_3x3": (35, 35, 192),
    "Mixed_5b": (35, 35, 256),
    "Mixed_5c": (35, 35, 288),
    "Mixed_5d": (35, 35, 288),
    "Mixed_6a": (17, 17, 768),
    "Mixed_6b": (17, 17, 768),
    "Mixed_6c": (17, 17, 768),
    "Mixed_6d": (17, 17, 768),
    "Mixed_6e": (17, 17, 768),
    "Mixed_7a": (8, 8, 1280),
    "Mixed_7b": (8, 8, 2048),
    "Mixed_7c": (8, 8, 2048),
}
"""For 299 x 299 at width 1: nets/inception_v3_test.py of TensorFlow-Slim, testBuildEndPoints."""

OURS = {
    "Conv2d_1a_3x3": (37, 37, 8),
    "Conv2d_2a_3x3": (35, 35, 8),
    "Conv2d_2b_3x3": (35, 35, 24),
    "MaxPool_3a_3x3": (17, 17, 24),
    "Conv2d_3b_1x1": (17, 17, 32),
    "Conv2d_4a_3x3": (15, 15, 64),
    "MaxPool_5a_3x3": (7, 7, 64),
    "Mixed_5b": (7, 7, 88),
    "Mixed_5c": (7, 7, 104),
    "Mixed_5d": (7, 7, 104),
    "Mixed_6a": (3, 3, 272),
    "Mixed_6b": (3, 3, 256),
    "Mixed_6c": (3, 3, 256),
    "Mixed_6d": (3, 3, 256),
    "Mixed_6e": (3, 3, 256),
    "Mixed_7a": (1, 1, 432),
    "Mixed_7b": (1, 1, 720),
    "Mixed_7c": (1, 1, 720),
}
"""For 75 x 75 at width 0.35."""


@pytest.fixture(scope="module")
def published():
    """The network at its published size."""
    return inception_v3.model(input_px=299, width=1.0, seed=0)


@pytest.fixture(scope="module")
def small():
    return inception_v3.model(input_px=75, width=0.35, seed=0)


def shapes(network):
    return {name: tuple(network.get_layer(name).output.shape[1:]) for name in END_POINTS}


def test_end_points_have_the_published_names_and_shapes(published):
    assert shapes(published) == SHAPES
    assert tuple(SHAPES) == END_POINTS


def test_end_points_at_our_size(small):
    assert shapes(small) == OURS


def test_as_many_parameters_as_published(published):
    ours = published.count_params() - published.get_layer(EMBEDDING).count_params()
    assert ours == 21_802_784  # keras.applications.InceptionV3 without its top


def test_answers_are_those_of_another_implementation(published):
    """Keras's own network, given our numbers, makes of a picture what ours makes."""
    theirs = keras.applications.InceptionV3(weights=None, include_top=False)
    _copy(published, theirs)
    pictures = np.random.default_rng(0).uniform(-1, 1, (1, 299, 299, 3)).astype(np.float32)
    ours = keras.Model(published.input, published.get_layer("Mixed_7c").output)
    expected = np.asarray(theirs(pictures, training=False))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(np.asarray(ours(pictures, training=False)), expected, rtol=1e-3, atol=1e-4)


def test_a_graph_of_constants_answers_as_the_network_that_learned(small):
    """The normalisation is folded into the convolutions, and chips are shrunk in the graph."""
    for name in order():
        _randomize(small.get_layer(inception_v3.norm_name(name)))
    chips = np.random.default_rng(2).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    light = chips.reshape(2, 75, 2, 75, 2, 3).mean(axis=(2, 4)) / 127.5 - 1
    inputs = {"chips": tf.constant(chips)}
    outputs = inception_v3_graph.build(weights_of(small), inputs, width=0.35, input_px=75, crop_px=150)
    expected = np.asarray(small(light.astype(np.float32), training=False))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(outputs[SERVING_DEFAULT]["embeddings"], expected, rtol=1e-3, atol=1e-5)


def test_layer_shapes_are_those_of_the_weights(small):
    found = {layer: {name: one.shape for name, one in part.items()} for layer, part in weights_of(small).items()}
    assert found == layer_shapes(0.35)
    assert set(order()) | {EMBEDDING} == set(found)


def test_chips_of_any_size_are_shrunk():
    chips = np.full((1, 90, 90, 3), 255, np.uint8)
    for side in (90, 75, 45):
        np.testing.assert_allclose(
            inception_v3_graph.as_light(tf.constant(chips), side, 90), np.ones((1, side, side, 3)), atol=1e-6
        )


@pytest.mark.parametrize("crop_px", [75, 76, 149, 150])
def test_what_is_looked_at_is_the_middle(crop_px):
    """To the pixel where as much is left on both sides, else half a pixel off."""
    chips = np.random.default_rng(5).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    found = np.asarray(inception_v3_graph.as_light(tf.constant(chips), crop_px, crop_px))
    before = int((150 - crop_px) / 2)
    outside = [*range(before), *range(before + crop_px, 150)]
    expected = np.delete(np.delete(chips, outside, 1), outside, 2)
    np.testing.assert_allclose((found + 1) * 127.5, expected, atol=1e-4)


def test_smaller_pictures_are_refused():
    with pytest.raises(ValueError, match="pictures of 74 px are too small for Inception v3: it needs 75"):
        inception_v3.model(input_px=74, width=1.0)


def order():
    """The convolutions in the order in which the topology names them, which is that of Keras's code, too."""
    names = []

    def note(x, one):
        names.append(one.name)
        return keras.layers.Conv2D(one.channels, one.size, one.stride, one.padding)(x)

    inception_v3.end_points(keras.Input((75, 75, 3)), note, width=0.1)
    return names


def _copy(ours, theirs):
    """Gives the other implementation our kernels, and both the same averages."""
    kinds = (keras.layers.Conv2D, keras.layers.BatchNormalization)
    convolutions, norms = (
        sorted((one for one in theirs.layers if isinstance(one, kind)), key=_number) for kind in kinds
    )
    for name, convolution, norm in zip(order(), convolutions, norms, strict=True):
        own = ours.get_layer(inception_v3.norm_name(name))
        _randomize(own)
        norm.set_weights(own.get_weights())
        convolution.set_weights(ours.get_layer(inception_v3.convolution_name(name)).get_weights())


def _randomize(norm):
    rng = np.random.default_rng(1)
    channels = norm.beta.shape[0]
    beta, mean = 0.1 * rng.standard_normal((2, channels))
    norm.set_weights([beta, mean, rng.uniform(0.5, 2, channels)])


def _number(layer):
    """The number that Keras gave to the layer: it counts them as they are made."""
    end = layer.name.rpartition("_")[2]
    return int(end) if end.isdecimal() else 0
