"""The discriminator, the generator's mirror: a picture and labels to one number, large where it seems real."""

from collections.abc import Mapping

import tensorflow as tf

from exporters.networks.dcgan import LEAK, Normalise, Parameters, frozen_norm, norm_shapes, with_labels
from exporters.signatures import LABELS, SERVING_DEFAULT
from exporters.weights.arrays import LayerShapes, Weights

LAYERS: LayerShapes = {
    "conv1": {"kernel": (4, 4, 1 + LABELS, 64), "bias": (64,)},
    "conv2": {"kernel": (4, 4, 64 + LABELS, 128)},
    "norm2": norm_shapes(128),
    "conv3": {"kernel": (7, 7, 128 + LABELS, 1), "bias": (1,)},
}


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of the contract `DISCRIMINATOR`, for its inputs `images` and `labels`."""
    with tf.name_scope("light"):
        light = tf.cast(inputs["images"], tf.float32) / 127.5 - 1.0
    return {SERVING_DEFAULT: {"logits": logits(weights, light, inputs["labels"])}}


def logits(weights: Parameters, light: tf.Tensor, labels: tf.Tensor, normalise: Normalise = frozen_norm) -> tf.Tensor:
    """Returns float32 [N], positive for real, of pictures [N, 28, 28, 1] from -1 to 1 with labels [N, LABELS]."""
    # 14 x 14 x 64
    x = _conv2d(with_labels(light, labels, "labels1"), weights["conv1"], "conv1")
    x = tf.nn.leaky_relu(x + weights["conv1"]["bias"], LEAK)
    # 7 x 7 x 128
    x = _conv2d(with_labels(x, labels, "labels2"), weights["conv2"], "conv2")
    x = tf.nn.leaky_relu(normalise(x, weights["norm2"], "norm2"), LEAK)
    # 1 x 1 x 1
    x = _conv2d(with_labels(x, labels, "labels3"), weights["conv3"], "conv3", stride=1, padding="VALID")
    return tf.reshape(x + weights["conv3"]["bias"], [-1], name="logits")


def _conv2d(
    x: tf.Tensor, layer: Mapping[str, tf.Tensor], name: str, *, stride: int = 2, padding: str = "SAME"
) -> tf.Tensor:
    return tf.nn.conv2d(x, layer["kernel"], strides=stride, padding=padding, name=name)
