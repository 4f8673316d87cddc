"""Inception v3 as it learns: what one step does, and what is kept of it.

The network that is kept is the average over about the last 500 steps, of what it learned and of what the batch
normalisation counted. Everything random of step n follows from the seed and n, so training that
was interrupted goes on as if it had not been.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.networks import inception_v3
from exporters.networks.inception_v3_graph import as_light

Losses = dict[str, tf.Tensor]

Loss = Callable[[tf.Tensor, tf.Tensor], Losses]
"""Vectors [N, D] and what is known of them -> parts of the loss by name."""

_BETA_2 = 0.99
_WEIGHT_DECAY = 0.01
_WARMUP_SHARE = 0.03
_AVERAGE_STEPS = 10
_AVERAGE_DECAY = 0.98
"""What is left of the average each time it is moved, every so many steps: it is over about the last 500."""


class Student(tf.Module):  # type: ignore[misc]
    """The network, its optimizer, its average.

    Args:
        loss: Tells what is wrong with vectors.
        heads: Other variables that learn, such as a class's centre.
        input_px: Side of the pictures that the network is given; chips are shrunk to it.
        width: See `exporters.networks.inception_v3.model`.
        dimension: Numbers of a vector.
        seed: Of the first weights.
        steps: Until the learning rate is 0.
        learning_rate: The highest.
    """

    def __init__(
        self,
        loss: Loss,
        heads: list[tf.Variable],
        *,
        input_px: int,
        width: float,
        dimension: int,
        seed: int,
        steps: int,
        learning_rate: float,
    ) -> None:
        super().__init__()
        self._loss = loss
        self._heads = heads
        self._input_px = input_px
        self.network = inception_v3.model(input_px=input_px, width=width, dimension=dimension, seed=seed)
        self.average = inception_v3.model(input_px=input_px, width=width, dimension=dimension, seed=seed)
        warmup = round(_WARMUP_SHARE * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            learning_rate / max(warmup, 1), steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
        )
        self.optimizer = keras.optimizers.AdamW(rate, beta_2=_BETA_2, weight_decay=_WEIGHT_DECAY)
        self._learned = [*self.network.trainable_variables, *heads]
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "beta"])
        self.optimizer.build(self._learned)

    def begin_at(self, mean: NDArray[np.float32]) -> None:
        """Puts the first vectors near one, [D]."""
        for network in (self.network, self.average):
            network.get_layer(inception_v3.EMBEDDING).bias.assign(mean)

    @tf.function  # type: ignore[untyped-decorator]
    def step(self, number: tf.Tensor, chips: tf.Tensor, known: tf.Tensor) -> Losses:
        """Moves the network once and returns the losses by name.

        Args:
            number: int32 [], of the step.
            chips: uint8 [N, S, S, 3].
            known: What the loss compares with: a teacher's vectors float32 [N, D], or numbers of people int32 [N].
        """
        with tf.GradientTape() as tape:
            losses = self._loss(self.network(as_light(chips, self._input_px), training=True), known)
            total = tf.add_n(list(losses.values()))
        self.optimizer.apply_gradients(zip(tape.gradient(total, self._learned), self._learned, strict=True))
        if number % _AVERAGE_STEPS == 0:
            self._move_average(number)
        return losses

    def _move_average(self, number: tf.Tensor) -> None:
        done = tf.cast(number, tf.float32) / _AVERAGE_STEPS
        keep = tf.minimum(_AVERAGE_DECAY, (1.0 + done) / (10.0 + done))
        for average, one in zip(self.average.variables, self.network.variables, strict=True):
            average.assign(keep * average + (1.0 - keep) * one)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def vectors(self, chips: tf.Tensor) -> tf.Tensor:
        """Returns what the average makes of chips, float32 [N, D]."""
        return self.average(as_light(chips, self._input_px), training=False)
