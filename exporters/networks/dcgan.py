"""The parts that the generator and its mirror, the discriminator, share.

Both follow the rules of DCGAN (Radford et al., "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", 2015, section 3): strides in place of pooling, batch normalisation but at the
picture, rectified units in the generator, leaky ones in the discriminator. The labels are concatenated to the
input of every layer, as in the conditional network for MNIST that its authors published.

The same code builds the networks for training and for an export. They differ in the mean and variance of batch
normalisation: those of the batch in training, the averages kept with the weights in an export.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from exporters.weights.arrays import Shape

Parameters = Mapping[str, Mapping[str, tf.Tensor]]
"""Layer name -> parameter name -> array, constant or variable."""

Normalise = Callable[[tf.Tensor, Mapping[str, tf.Tensor], str], tf.Tensor]
"""Normalises [N, H, W, C] by the parameters of the layer named."""

EPSILON = 1e-5
"""Added to a variance before the division by it."""

LEAK = 0.2
"""Slope of the discriminator's units below zero."""


def norm_shapes(channels: int) -> dict[str, Shape]:
    """Returns the shapes of the parameters of a batch normalisation."""
    return dict.fromkeys(("scale", "shift", "mean", "variance"), (channels,))


def frozen_norm(x: tf.Tensor, layer: Mapping[str, tf.Tensor], name: str) -> tf.Tensor:
    """Returns x normalised by the averages kept with the weights."""
    with tf.name_scope(name):
        factor = layer["scale"] / (layer["variance"] + EPSILON) ** 0.5
        return x * factor + (layer["shift"] - layer["mean"] * factor)


def with_labels(x: tf.Tensor, labels: tf.Tensor, name: str) -> tf.Tensor:
    """Returns [N, H, W, C] and the labels [N, L] at every place, as [N, H, W, C + L]."""
    with tf.name_scope(name):
        _, height, width, _ = x.shape
        planes = tf.tile(labels[:, None, None, :], [1, height, width, 1])
        return tf.concat([x, planes], axis=-1)
