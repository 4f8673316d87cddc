"""Small networks that read digits: they choose blends, and their loss teaches the generator the requested digits.

They are part of the training. A judge of the result must be a network that took no part in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.signatures import DIGIT_PX, LABELS
from exporters.training.digits.mnist import Digits, as_light, moved, one_hot

Reader = Any
"""A keras model: pictures [N, 28, 28, 1] from -1 to 1 -> logits [N, 10]."""

READERS = ("strided-24", "strided-32")
"""Networks that take part from the beginning: strided convolutions, with 24 and 32 channels in the first layer."""

JURY = ("pooled", "wide", "flat")
"""Networks of three other kinds, which learn from shifted pictures and take part in the last steps."""

_MOVED_PX = 2

_BATCH = 128
_READ_AT_ONCE = 512
_LEARNING_RATE = 2e-3
_SMOOTHING = 0.05
"""Label smoothing: readers that are never quite sure say more about pictures between two digits."""


def train_reader(
    name: str, digits: Digits, *, seed: int, epochs: int, on_epoch: Callable[[float], None] = lambda _: None
) -> Reader:
    """Returns a reader trained on the digits.

    Args:
        name: In `READERS` or `JURY`.
        digits: To train with.
        seed: The same seed on the same machine gives the same reader.
        epochs: Passes over all digits.
        on_epoch: Called after each epoch with the share of digits that are read right.
    """
    number = (*READERS, *JURY).index(name)
    # Otherwise the numbers in layers' names go on, and under other names TensorFlow adds in another order.
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed + number)
    rng = np.random.default_rng([seed, number])
    reader = _NETWORKS[name]()
    steps = epochs * -(-len(digits.images) // _BATCH)
    reader.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=_SMOOTHING),
        metrics=["accuracy"],
    )
    y = one_hot(digits.labels)
    for epoch in range(epochs):
        x = as_light(digits.images if name in READERS else moved(digits.images, _MOVED_PX, rng))
        fitted = reader.fit(x, y, batch_size=_BATCH, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
        on_epoch(fitted.history["accuracy"][0])
    return reader


def read(readers: Sequence[Reader], light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the mean of the readers' probabilities, [N, 10], for pictures [N, 28, 28, 1] from -1 to 1."""
    logits = [_logits(reader, light) for reader in readers]
    probabilities = [np.exp(one - one.max(axis=1, keepdims=True)) for one in logits]
    mean: NDArray[np.float32] = np.mean(
        [one / one.sum(axis=1, keepdims=True) for one in probabilities], axis=0, dtype=np.float32
    )
    return mean


def _logits(reader: Reader, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns [N, 10]; the start of keras's `predict` would take longer than a few hundred pictures do."""
    parts = [reader(light[at : at + _READ_AT_ONCE], training=False) for at in range(0, len(light), _READ_AT_ONCE)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _strided(width: int) -> Reader:
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


def _pooled() -> Reader:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((DIGIT_PX, DIGIT_PX, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),  # 14 x 14
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),  # 7 x 7
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(LABELS),
        ]
    )


def _wide() -> Reader:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((DIGIT_PX, DIGIT_PX, 1)),
            layers.Conv2D(24, 5, padding="valid", activation="relu"),  # 24 x 24
            layers.MaxPooling2D(),  # 12 x 12
            layers.Conv2D(48, 5, padding="valid", activation="relu"),  # 8 x 8
            layers.MaxPooling2D(),  # 4 x 4
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(192, activation="relu"),
            layers.Dense(LABELS),
        ]
    )


def _flat() -> Reader:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((DIGIT_PX, DIGIT_PX, 1)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(LABELS),
        ]
    )


_NETWORKS: dict[str, Callable[[], Reader]] = {
    "strided-24": lambda: _strided(24),
    "strided-32": lambda: _strided(32),
    "pooled": _pooled,
    "wide": _wide,
    "flat": _flat,
}
