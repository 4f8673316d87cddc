"""Inception v3 for an export: weights are constants, with the normalisation folded into the convolutions."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from exporters.networks import inception_v3
from exporters.networks.inception_v3 import EMBEDDING, END_POINTS, MEAN, NORM_EPSILON, Convolution
from exporters.networks.layers import LayerWeights, dense
from exporters.signatures import SERVING_DEFAULT
from exporters.weights.arrays import Weights


def build(
    weights: Weights, inputs: Mapping[str, tf.Tensor], *, width: float, input_px: int, crop_px: int
) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of the contract `EMBEDDERS[2]`, for its input `chips`."""
    light = as_light(inputs["chips"], input_px, crop_px)
    x = inception_v3.end_points(light, lambda x, one: _conv(x, one, weights[one.name]), width=width)[END_POINTS[-1]]
    x = tf.reduce_mean(x, axis=[1, 2], name=MEAN)
    return {SERVING_DEFAULT: {"embeddings": dense(x, weights[EMBEDDING], EMBEDDING)}}


def as_light(chips: tf.Tensor, input_px: int, crop_px: int) -> tf.Tensor:
    """Returns the middle `crop_px` of chips uint8 [N, S, S, 3], shrunk to `input_px`, float32 from -1 to 1.

    If `crop_px` is a multiple of `input_px`, each pixel is the mean of a square of pixels; otherwise
    the resize is bilinear with antialiasing.
    """
    with tf.name_scope("light"):
        start = (chips.shape[1] - crop_px) // 2
        light = tf.cast(chips[:, start : start + crop_px, start : start + crop_px], tf.float32)
        if crop_px % input_px == 0:
            times = crop_px // input_px
            light = tf.nn.avg_pool2d(light, times, times, "VALID") if times > 1 else light
        else:
            light = tf.image.resize(light, [input_px, input_px], antialias=True)
        return light / 127.5 - 1.0


def _conv(x: tf.Tensor, one: Convolution, layer: LayerWeights) -> tf.Tensor:
    """Returns relu((convolution(x) - mean) / sqrt(variance + epsilon) + beta); all but the ReLU is in the weights."""
    gain = 1.0 / np.sqrt(layer["variance"].astype(np.float64) + NORM_EPSILON)
    kernel = (layer["kernel"] * gain).astype(np.float32)
    bias = (layer["beta"] - layer["mean"] * gain).astype(np.float32)
    with tf.name_scope(one.name.replace(".", "/")):
        y = tf.nn.conv2d(x, tf.constant(kernel, name="kernel"), strides=one.stride, padding=one.padding.upper())
        return tf.nn.relu(tf.nn.bias_add(y, tf.constant(bias, name="bias")))
