"""dlib's face recognition network, version 1: an embedding of 128 numbers of the face in a 150 x 150 chip.

He et al., "Deep Residual Learning for Image Recognition", 2016, with 29 convolutions and half the filters
(Davis King, dlib 19.3, examples/dnn_face_recognition_ex.cpp). A convolution is followed by its frozen batch
normalisation, which is folded into it here. What strides by two has no padding, and a block that halves
adds results of two sizes: the smaller is filled with zeros at the bottom, at the right, and in the last
channels.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from exporters.networks.layers import LayerWeights, max_pool
from exporters.signatures import SERVING_DEFAULT
from exporters.weights.arrays import Weights


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of the contract `EMBEDDERS[1]`, for its input `chips`."""
    # 150 x 150 x 3
    x = _scaled(inputs["chips"], weights["input"])
    # 72 x 72 x 32
    x = _conv(x, weights["conv1"], "conv1", stride=2, padding="VALID", relu=True)
    # 35 x 35 x 32
    x = max_pool(x, size=3, padding="VALID", name="pool1")
    # 35 x 35 x 32
    x = _residual(x, weights, "level4_1")
    x = _residual(x, weights, "level4_2")
    x = _residual(x, weights, "level4_3")
    # 17 x 17 x 64
    x = _residual_down(x, weights, "level3_1")
    x = _residual(x, weights, "level3_2")
    x = _residual(x, weights, "level3_3")
    x = _residual(x, weights, "level3_4")
    # 8 x 8 x 128
    x = _residual_down(x, weights, "level2_1")
    x = _residual(x, weights, "level2_2")
    x = _residual(x, weights, "level2_3")
    # 4 x 4 x 256
    x = _residual_down(x, weights, "level1_1")
    x = _residual(x, weights, "level1_2")
    x = _residual(x, weights, "level1_3")
    # 2 x 2 x 256
    x = _residual_down(x, weights, "level0_1")
    # 256
    x = tf.reduce_mean(x, axis=[1, 2], name="pool0")
    # 128
    with tf.name_scope("fc"):
        embeddings = tf.matmul(x, tf.constant(weights["fc"]["kernel"], name="kernel"))
    return {SERVING_DEFAULT: {"embeddings": embeddings}}


def _scaled(chips: tf.Tensor, layer: LayerWeights) -> tf.Tensor:
    """Returns (pixel - mean colour) / 256, float32."""
    with tf.name_scope("input"):
        return (tf.cast(chips, tf.float32) - tf.constant(layer["mean"], name="mean")) / 256.0


def _residual(x: tf.Tensor, weights: Weights, block: str) -> tf.Tensor:
    """Returns relu(x + f(x)), f two convolutions."""
    with tf.name_scope(block):
        y = _conv(x, weights[f"{block}/conv1"], "conv1", stride=1, padding="SAME", relu=True)
        y = _conv(y, weights[f"{block}/conv2"], "conv2", stride=1, padding="SAME", relu=False)
        return tf.nn.relu(y + x, name="sum")


def _residual_down(x: tf.Tensor, weights: Weights, block: str) -> tf.Tensor:
    """Returns the same for half the sides, x halved by averaging 2 x 2 pixels."""
    with tf.name_scope(block):
        y = _conv(x, weights[f"{block}/conv1"], "conv1", stride=2, padding="VALID", relu=True)
        y = _conv(y, weights[f"{block}/conv2"], "conv2", stride=1, padding="SAME", relu=False)
        x = tf.nn.avg_pool2d(x, 2, strides=2, padding="VALID", name="pool")
        shape = [max(sizes) for sizes in zip(x.shape[1:], y.shape[1:], strict=True)]
        return tf.nn.relu(_filled(y, shape, "fill_conv2") + _filled(x, shape, "fill_pool"), name="sum")


def _filled(x: tf.Tensor, shape: list[int], name: str) -> tf.Tensor:
    """Returns [N, h, w, c] with zeros after the last row, column and channel, up to the sizes of `shape`."""
    missing = [(0, wanted - size) for wanted, size in zip(shape, x.shape[1:], strict=True)]
    return tf.pad(x, [(0, 0), *missing], name=name) if any(after for _, after in missing) else x


def _conv(x: tf.Tensor, layer: LayerWeights, name: str, *, stride: int, padding: str, relu: bool) -> tf.Tensor:
    """Returns gamma * convolution(x) + beta, and its ReLU where asked for; the scaling is in the weights."""
    gamma = layer["gamma"].astype(np.float64)
    kernel = (layer["kernel"] * gamma).astype(np.float32)
    bias = (layer["bias"] * gamma + layer["beta"]).astype(np.float32)
    with tf.name_scope(name):
        y = tf.nn.conv2d(x, tf.constant(kernel, name="kernel"), strides=stride, padding=padding)
        y = tf.nn.bias_add(y, tf.constant(bias, name="bias"))
        return tf.nn.relu(y) if relu else y
