"""PNet, the proposal network of MTCNN: a score and a box for every 12 x 12 square of a picture.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
"""

from collections.abc import Mapping

import tensorflow as tf

from exporters.networks.layers import conv2d, face_score, max_pool, prelu, scaled
from exporters.signatures import MAP_CELLS, SERVING_DEFAULT, TILE_TOP_K
from exporters.weights import LayerShapes, Weights

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
    scores, offsets = _maps(weights, inputs["tiles"])
    return {SERVING_DEFAULT: _best(scores, offsets), "maps": {"scores": scores, "offsets": offsets}}


def _maps(weights: Weights, tiles: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    # 190 x 190 x 10
    x = conv2d(scaled(tiles), weights["conv1"], "conv1")
    x = prelu(x, weights["prelu1"], "prelu1")
    # 95 x 95 x 10
    x = max_pool(x, size=2, padding="VALID", name="pool1")
    # 93 x 93 x 16
    x = conv2d(x, weights["conv2"], "conv2")
    x = prelu(x, weights["prelu2"], "prelu2")
    # 91 x 91 x 32
    x = conv2d(x, weights["conv3"], "conv3")
    x = prelu(x, weights["prelu3"], "prelu3")
    # 91 x 91 x 4 and 91 x 91
    return face_score(conv2d(x, weights["conv4_2"], "conv4_2"), "prob1"), conv2d(x, weights["conv4_1"], "conv4_1")


def _best(scores: tf.Tensor, offsets: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the TILE_TOP_K cells of each tile with the best scores, best first, ties by the lower cell."""
    with tf.name_scope("best"):
        cells = MAP_CELLS * MAP_CELLS
        best_scores, best_cells = tf.math.top_k(tf.reshape(scores, [-1, cells]), TILE_TOP_K)
        best_offsets = tf.gather(tf.reshape(offsets, [-1, cells, 4]), best_cells, batch_dims=1)
    return {"scores": best_scores, "cells": best_cells, "offsets": best_offsets}
