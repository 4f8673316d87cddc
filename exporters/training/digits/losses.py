"""Losses of generated digits: those of readers and of likeness; and labels that do not fit."""

from collections.abc import Sequence

import tensorflow as tf

from exporters.signatures import DIGIT_PX, LABELS
from exporters.training.digits.readers import Reader

_MOVED_PX = 2
"""Largest shift of the pictures that a jury sees."""

_SHARPNESS = 2.5
"""Factor of a jury's logits: readers that are never quite sure call pictures undecided that others would not."""

_LEAST_SQUARE = 1e-4
"""Added to a squared distance, since the root has no slope at 0."""


def misread(readers: Sequence[Reader], made: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the mean cross-entropy of the readers' logits with the requested labels.

    Args:
        readers: At least one.
        made: Pictures, float32 [N, 28, 28, 1] from -1 to 1.
        labels: float32 [N, 10], the requested ones.
    """
    entropies = [tf.nn.softmax_cross_entropy_with_logits(labels, reader(made, training=False)) for reader in readers]
    return tf.reduce_mean(entropies)


def overruled(jury: Sequence[Reader], made: tf.Tensor, labels: tf.Tensor, seed: tuple[int, tf.Tensor]) -> tf.Tensor:
    """Returns the mean over the pictures of the largest cross-entropy in the jury.

    A reader that is sure overrules all that are undecided, since an independent judge may agree with it. Each reader
    sees the pictures with another shift.

    Args:
        jury: At least one.
        made: As for `misread`.
        labels: As for `misread`.
        seed: Of the shifts, int32 [2].
    """
    entropies = [
        tf.nn.softmax_cross_entropy_with_logits(
            labels, _SHARPNESS * juror(_moved(made, (seed[0] + place, seed[1])), training=False)
        )
        for place, juror in enumerate(jury)
    ]
    return tf.reduce_mean(tf.reduce_max(entropies, axis=0))


def likeness(real: tf.Tensor, made: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns how much nearer two made pictures of one digit are to each other than two real ones, at least 0.

    Args:
        real: Float32 [N, 28, 28, 1] from -1 to 1.
        made: As many, with the same labels.
        labels: Float32 [N, 10], of one digit each.
    """
    return tf.nn.relu(_apart(real, labels) - _apart(made, labels))


def _apart(light: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the mean distance of two pictures of one digit, in grey levels from 0 to 1; 0 if there are none."""
    flat = tf.reshape(light, [tf.shape(light)[0], -1]) / 2.0
    squares = tf.reduce_sum((flat[:, None] - flat) ** 2, axis=-1)
    same = tf.linalg.set_diag(labels @ tf.transpose(labels), tf.zeros(tf.shape(labels)[0]))
    distances = tf.reduce_sum(same * tf.sqrt(squares + _LEAST_SQUARE))
    return tf.math.divide_no_nan(distances, tf.reduce_sum(same))


def other_labels(labels: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Returns labels [N, 10] of one digit each, all replaced by another digit, which depends on `number`."""
    return tf.roll(labels, 1 + number % (LABELS - 1), axis=1)


def _moved(light: tf.Tensor, seed: tuple[int, tf.Tensor]) -> tf.Tensor:
    """Returns the pictures moved together by a few pixels, black at the edges."""
    padded = tf.pad(light + 1.0, [[0, 0], [_MOVED_PX] * 2, [_MOVED_PX] * 2, [0, 0]]) - 1.0
    top, left = tf.unstack(tf.random.stateless_uniform([2], seed, 0, 2 * _MOVED_PX + 1, tf.int32))
    return padded[:, top : top + DIGIT_PX, left : left + DIGIT_PX]
