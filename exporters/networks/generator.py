"""The generator: noise and labels to a picture of a digit, by transposed convolutions."""

from collections.abc import Mapping

import tensorflow as tf

from exporters.networks.dcgan import Normalise, Parameters, frozen_norm, norm_shapes, with_labels
from exporters.signatures import LABELS, NOISE_DIM, SERVING_DEFAULT
from exporters.weights.arrays import LayerShapes, Weights

LAYERS: LayerShapes = {
    # Kernels of transposed convolutions: height, width, channels out, channels in.
    "deconv1": {"kernel": (7, 7, 128, NOISE_DIM + LABELS)},
    "norm1": norm_shapes(128),
    "deconv2": {"kernel": (4, 4, 64, 128 + LABELS)},
    "norm2": norm_shapes(64),
    "deconv3": {"kernel": (4, 4, 1, 64 + LABELS), "bias": (1,)},
}


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of the contract `GENERATOR`, for its inputs `noise` and `labels`."""
    light = pictures(weights, inputs["noise"], inputs["labels"])
    with tf.name_scope("pixels"):
        return {SERVING_DEFAULT: {"images": tf.cast(tf.round((light + 1.0) * 127.5), tf.uint8)}}


def pictures(weights: Parameters, noise: tf.Tensor, labels: tf.Tensor, normalise: Normalise = frozen_norm) -> tf.Tensor:
    """Returns pictures float32 [N, 28, 28, 1], -1 black to 1 white, for noise [N, NOISE_DIM] and labels [N, LABELS]."""
    # 1 x 1 x (64 + 10)
    x = tf.concat([noise, labels], axis=-1, name="input")[:, None, None, :]
    # 7 x 7 x 128
    x = _conv2d_transpose(x, weights["deconv1"], "deconv1", side=7, stride=1, padding="VALID")
    x = tf.nn.relu(normalise(x, weights["norm1"], "norm1"))
    # 14 x 14 x 64
    x = _conv2d_transpose(with_labels(x, labels, "labels2"), weights["deconv2"], "deconv2", side=14)
    x = tf.nn.relu(normalise(x, weights["norm2"], "norm2"))
    # 28 x 28 x 1
    x = _conv2d_transpose(with_labels(x, labels, "labels3"), weights["deconv3"], "deconv3", side=28)
    return tf.tanh(x + weights["deconv3"]["bias"], name="light")


def _conv2d_transpose(
    x: tf.Tensor, layer: Mapping[str, tf.Tensor], name: str, *, side: int, stride: int = 2, padding: str = "SAME"
) -> tf.Tensor:
    channels = layer["kernel"].shape[2]
    return tf.nn.conv2d_transpose(
        x, layer["kernel"], [tf.shape(x)[0], side, side, channels], strides=stride, padding=padding, name=name
    )
