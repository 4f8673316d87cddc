"""Small networks that read digits: they choose blends, and tell the generator when a picture is not what was asked.

They are part of the training. Whoever judges the result must use a network that these never met.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.signatures import DIGIT_PX, LABELS
from exporters.training.mnist import Digits, as_light, one_hot

Reader = Any
"""A keras model: pictures [N, 28, 28, 1] from -1 to 1 -> logits [N, 10]."""

WIDTHS = (24, 32)
"""Channels of the first layer of each reader; two that err differently are harder to please than one."""

_BATCH = 128
_READ_AT_ONCE = 512
_LEARNING_RATE = 2e-3
_SMOOTHING = 0.05
"""Readers that are never quite sure tell more about pictures between two digits."""


def train_readers(
    digits: Digits, *, seed: int, epochs: int, on_epoch: Callable[[float], None] = lambda _: None
) -> list[Reader]:
    """Returns readers trained on the digits, each from a seed of its own.

    Args:
        digits: To train with.
        seed: The same seed on the same machine gives the same readers.
        epochs: How often each reader sees every digit.
        on_epoch: Told the share of digits read rightly after each epoch.
    """
    x, y = as_light(digits.images), one_hot(digits.labels)
    steps = epochs * -(-len(x) // _BATCH)
    readers = []
    for number, width in enumerate(WIDTHS):
        keras.utils.set_random_seed(seed + number)
        reader = _reader(width)
        reader.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=_SMOOTHING),
            metrics=["accuracy"],
        )
        tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: on_epoch(logs["accuracy"]))
        reader.fit(x, y, batch_size=_BATCH, epochs=epochs, verbose=0, callbacks=[tell])
        reader.trainable = False
        readers.append(reader)
    return readers


def read(readers: Sequence[Reader], light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the mean of the readers' probabilities, [N, 10], for pictures [N, 28, 28, 1] from -1 to 1."""
    logits = [_logits(reader, light) for reader in readers]
    probabilities = [np.exp(one - one.max(axis=1, keepdims=True)) for one in logits]
    mean: NDArray[np.float32] = np.mean(
        [one / one.sum(axis=1, keepdims=True) for one in probabilities], axis=0, dtype=np.float32
    )
    return mean


def _logits(reader: Reader, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns [N, 10]; keras's `predict` would take longer to begin than a few hundred pictures take."""
    parts = [reader(light[at : at + _READ_AT_ONCE], training=False) for at in range(0, len(light), _READ_AT_ONCE)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _reader(width: int) -> Reader:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((DIGIT_PX, DIGIT_PX, 1)),
            # 14 x 14
            layers.Conv2D(width, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2D(2 * width, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            # 7 x 7
            layers.Conv2D(2 * width, 3, strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(LABELS),
        ]
    )
