"""Inception v3 in training on TensorFlow: one step, and the average that is kept.

Everything random in step n follows from the seed and n, so a training that was interrupted goes on as if it had not
been.
"""

from functools import partial

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.networks import inception_v3
from exporters.networks.inception_v3_graph import as_light
from exporters.training.embedder.on_tensorflow.losses import Loss, Losses
from exporters.training.embedder.optimization import (
    AVERAGE_STEPS,
    in_units,
    kept_of_average,
    optimizer,
    out_of_units,
    schedule,
)
from exporters.weights.arrays import Weights
from exporters.weights.inception_v3 import set_weights, weights_of

_AT_ONCE = 64


class Student(tf.Module):  # type: ignore[misc]
    """The network, its optimizer and its average.

    Args:
        loss: Loss of vectors.
        heads: Other variables that learn, such as a class's centre.
        input_px: Side of the network's input; the middle of a chip is shrunk to it.
        crop_px: Side of the middle of a chip, which the network looks at.
        width: See `exporters.networks.inception_v3.model`.
        dimension: Numbers of a vector.
        seed: Of the first weights.
        steps: Steps until the learning rate is 0.
        learning_rate: The highest learning rate.
    """

    def __init__(
        self,
        loss: Loss,
        heads: list[tf.Variable],
        *,
        input_px: int,
        crop_px: int,
        width: float,
        dimension: int,
        seed: int,
        steps: int,
        learning_rate: float,
    ) -> None:
        super().__init__()
        self._loss = loss
        self._light = partial(as_light, input_px=input_px, crop_px=crop_px)
        self.network = inception_v3.model(input_px=input_px, width=width, dimension=dimension, seed=seed)
        self.average = inception_v3.model(input_px=input_px, width=width, dimension=dimension, seed=seed)
        self._rate = schedule(learning_rate, steps)
        self.mean = tf.Variable(tf.zeros(dimension), trainable=False)
        self.spread = tf.Variable(1.0, trainable=False)
        self._learned = [*self.network.trainable_variables, *heads]
        self.optimizer = optimizer(learning_rate, self._learned)

    def aim(self, mean: NDArray[np.float32], spread: float) -> None:
        """Sets the mean [D] of the vectors to learn, and the standard deviation of their numbers."""
        self.mean.assign(mean)
        self.spread.assign(spread)

    def start_from(self, weights: Weights) -> None:
        """Starts from the weights of another training of this width; call it after `aim`."""
        first = in_units(weights, self.mean.numpy(), self.spread.numpy())
        for network in (self.network, self.average):
            set_weights(network, first)

    def weights(self) -> Weights:
        """Returns the weights of the average, with the mean and the spread in them."""
        return out_of_units(weights_of(self.average), self.mean.numpy(), self.spread.numpy())

    @tf.function  # type: ignore[untyped-decorator]
    def step(self, number: tf.Tensor, chips: tf.Tensor, known: tf.Tensor) -> Losses:
        """Updates the network once and returns the losses by name.

        Args:
            number: int32 [], the number of the step.
            chips: uint8 [N, S, S, 3].
            known: What the loss compares with: a teacher's vectors float32 [N, D], or the numbers of people int32 [N].
        """
        with tf.GradientTape() as tape:
            vectors = self.network(self._light(chips), training=True)
            losses = self._loss(self.mean + self.spread * vectors, known)
            total = tf.add_n(list(losses.values()))
        # Set here: with a schedule the optimizer would compute the rate for each variable, in a graph twice as large.
        self.optimizer.learning_rate.assign(self._rate(number))
        self.optimizer.apply_gradients(zip(tape.gradient(total, self._learned), self._learned, strict=True))
        if number % AVERAGE_STEPS == 0:
            self._move_average(number)
        return losses

    def _move_average(self, number: tf.Tensor) -> None:
        keep = kept_of_average(number)
        for average, one in zip(self.average.variables, self.network.variables, strict=True):
            average.assign(keep * average + (1.0 - keep) * one)

    def vectors(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns the average's vectors [N, D] of chips."""
        parts = [self._vectors(tf.constant(chips[at : at + _AT_ONCE])) for at in range(0, len(chips), _AT_ONCE)]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def _vectors(self, chips: tf.Tensor) -> tf.Tensor:
        return self.mean + self.spread * self.average(self._light(chips), training=False)
