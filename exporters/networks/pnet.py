"""PNet, the proposal network of MTCNN: a score and a box for every 12 x 12 square of a picture.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from exporters.networks.layers import LayerWeights, conv2d, prelu
from exporters.networks.pnet_stem import stem
from exporters.signatures import SERVING_DEFAULT, TILE_TOP_K
from exporters.weights.arrays import LayerShapes, Weights

LAYERS: LayerShapes = {
    "conv1": {"kernel": (3, 3, 3, 10), "bias": (10,)},
    "prelu1": {"alpha": (1, 1, 10)},
    "conv2": {"kernel": (3, 3, 10, 16), "bias": (16,)},
    "prelu2": {"alpha": (1, 1, 16)},
    "conv3": {"kernel": (3, 3, 16, 32), "bias": (32,)},
    "prelu3": {"alpha": (1, 1, 32)},
    "conv4_1": {"kernel": (1, 1, 32, 4), "bias": (4,)},
    "conv4_2": {"kernel": (1, 1, 32, 2), "bias": (2,)},
}


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of each signature of the contract `PNET`, for its input `tiles`."""
    x = features(weights, inputs["tiles"])
    # 67 x 67
    scores = _scores(x, weights["conv4_2"])
    # 67 x 67 x 4
    offsets = conv2d(x, weights["conv4_1"], "conv4_1")
    return {SERVING_DEFAULT: best(weights, x, scores), "maps": {"scores": scores, "offsets": offsets}}


def features(weights: Weights, tiles: tf.Tensor) -> tf.Tensor:
    """Returns the last features [N, T / 2 - 5, T / 2 - 5, 32] of tiles [N, T, T, 3] of uint16, T even.

    The shapes in the comments are those of a tile of 144 px.
    """
    # 71 x 71 x 10: conv1, pool1, prelu1
    x, signs = stem(weights, tiles)
    # 69 x 69 x 16
    x = conv2d(x, {**weights["conv2"], "kernel": weights["conv2"]["kernel"] * signs[:, np.newaxis]}, "conv2")
    x = prelu(x, weights["prelu2"], "prelu2")
    # 67 x 67 x 32
    x = conv2d(x, weights["conv3"], "conv3")
    return prelu(x, weights["prelu3"], "prelu3")


def best(weights: Weights, x: tf.Tensor, scores: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the TILE_TOP_K cells of each tile with the best scores, best first, ties by the lower cell.

    The offsets are computed for these cells alone.
    """
    with tf.name_scope("best"):
        _, height, width, channels = x.shape
        # 128
        best_scores, best_cells = tf.math.top_k(tf.reshape(scores, [-1, height * width]), TILE_TOP_K)
        # 128 x 1 x 32
        best_x = tf.gather(tf.reshape(x, [-1, height * width, 1, channels]), best_cells, batch_dims=1)
        # 128 x 4
        offsets = tf.squeeze(conv2d(best_x, weights["conv4_1"], "conv4_1"), axis=2)
    return {"scores": best_scores, "cells": best_cells, "offsets": offsets}


def _scores(x: tf.Tensor, conv4_2: LayerWeights) -> tf.Tensor:
    """Returns the softmax of two logits, of which face is the second, as the sigmoid of their difference."""
    difference = {name: array[..., 1:] - array[..., :1] for name, array in conv4_2.items()}
    return tf.sigmoid(tf.squeeze(conv2d(x, difference, "conv4_2"), axis=3), name="prob1")
