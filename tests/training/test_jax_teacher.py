"""Embedder version 1 on JAX against the one that is exported; what the network is shown there, against the graph's."""

import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf

from exporters.networks import dlib_resnet, inception_v3_graph
from exporters.networks.dlib_resnet_layers import LAYERS
from exporters.training.embedder.on_jax import student as jax_student
from exporters.training.embedder.on_jax.teacher import taught, teaching
from exporters.training.embedder.views import middles
from exporters.weights.dlib import read_dlib


def test_its_vectors_are_those_of_the_exported_network(faces_182):
    weights = read_dlib(LAYERS)
    noise = np.random.default_rng(0).integers(0, 256, (4, 150, 150, 3), np.uint8)
    chips = np.concatenate([middles(faces_182.pictures[::8], 150), noise])
    expected = dlib_resnet.build(weights, {"chips": tf.constant(chips)})["serving_default"]["embeddings"]
    found = np.asarray(taught(teaching(weights), jnp.asarray(chips)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.asarray(expected), atol=2e-6)


@pytest.mark.parametrize(("crop_px", "input_px"), [(150, 75), (150, 120), (120, 120), (149, 75), (150, 150)])
def test_the_network_is_shown_the_same(faces_182, crop_px, input_px):
    chips = middles(faces_182.pictures[:4], 150)
    expected = inception_v3_graph.as_light(tf.constant(chips), input_px, crop_px)
    found = jax_student.as_light(jnp.asarray(chips), input_px, crop_px)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-4)  # a level is 8e-3
