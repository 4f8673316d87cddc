"""The layers of the exported networks, each under its own name.

Weights are constants: with nothing to assign, TensorFlow's optimizer joins a convolution, its bias and its
activation into one operation, and a SavedModel needs no file of variables.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from exporters.signatures import PIXEL_UNIT
from exporters.weights.arrays import Float32Array

LayerWeights = Mapping[str, Float32Array]
"""Parameter name -> array."""


def scaled(pictures: tf.Tensor) -> tf.Tensor:
    """Returns pixels in units of 1 / PIXEL_UNIT as MTCNN takes them: (pixel - 127.5) / 128, float32."""
    with tf.name_scope("scaled"):
        return (tf.cast(pictures, tf.float32) - 127.5 * PIXEL_UNIT) / (128.0 * PIXEL_UNIT)


def conv2d(x: tf.Tensor, layer: LayerWeights, name: str) -> tf.Tensor:
    """Returns the convolution of [N, H, W, C] with `kernel` plus `bias`, without padding, stride 1."""
    with tf.name_scope(name):
        kernel, bias = _constants(layer, "kernel", "bias")
        return tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=1, padding="VALID"), bias)


def dense(x: tf.Tensor, layer: LayerWeights, name: str) -> tf.Tensor:
    """Returns the product of [N, C] with `kernel` plus `bias`."""
    with tf.name_scope(name):
        kernel, bias = _constants(layer, "kernel", "bias")
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)


def prelu(x: tf.Tensor, layer: LayerWeights, name: str) -> tf.Tensor:
    """Returns x where it is positive, alpha * x elsewhere; one alpha for each channel (He et al., 2015)."""
    with tf.name_scope(name):
        (alpha,) = _constants(layer, "alpha")
        if np.all(layer["alpha"] <= 1):  # then the larger of the two is right, with one operation less
            return tf.maximum(x, alpha * x)
        return tf.maximum(x, 0.0) + alpha * tf.minimum(x, 0.0)


def max_pool(x: tf.Tensor, *, size: int, stride: int = 2, padding: str, name: str) -> tf.Tensor:
    """Returns the largest value of each window of [N, H, W, C]."""
    return tf.nn.max_pool2d(x, size, stride, padding, name=name)


def flatten_columns_first(x: tf.Tensor, name: str) -> tf.Tensor:
    """Returns [N, H, W, C] as [N, W * H * C]: MTCNN's dense layers were trained on column-major pictures."""
    with tf.name_scope(name):
        _, height, width, channels = x.shape
        return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, height * width * channels])


def face_score(logits: tf.Tensor, name: str) -> tf.Tensor:
    """Returns the probability [..., ] of a face from the logits [..., 2] of no face and face."""
    return tf.nn.softmax(logits, name=name)[..., 1]


def _constants(layer: LayerWeights, *names: str) -> list[tf.Tensor]:
    return [tf.constant(layer[name], name=name) for name in names]
