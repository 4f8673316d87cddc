"""A network that reads digits and took no part in the generator's training: other layers, data order and shifts.

Its accuracy on the test digits shows how far its answers about generated ones can be trusted.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.signatures import DIGIT_PX, LABELS
from exporters.training.digits.mnist import Digits, as_light, moved

Images = NDArray[np.uint8]

_SEED = 20_260_101
_EPOCHS = 8
_BATCH = 256
_MOVED_PX = 2
_FEATURES = "features"


class Judge:
    """Reads pictures of digits.

    Args:
        network: The network that `trained_judge` trained or loaded.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._features = keras.Model(network.inputs, network.get_layer(_FEATURES).output)

    def probabilities(self, images: Images) -> NDArray[np.float64]:
        """Returns [N, 10] for pictures [N, 28, 28]."""
        logits = self._network.predict(as_light(images), batch_size=500, verbose=0).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def features(self, images: Images) -> NDArray[np.float64]:
        """Returns the layer before the last, [N, 128], after its rectification."""
        features: NDArray[np.float32] = self._features.predict(as_light(images), batch_size=500, verbose=0)
        return features.astype(np.float64)


def trained_judge(digits: Digits, file: Path) -> Judge:
    """Returns the judge in a file; if there is no file, trains the judge and writes it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        _train(digits).save(file)
    return Judge(keras.models.load_model(file, compile=False))


def _train(digits: Digits) -> Any:
    keras.utils.set_random_seed(_SEED)
    network = _network()
    steps = _EPOCHS * -(-len(digits.images) // _BATCH)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    rng = np.random.default_rng(_SEED)
    for epoch in range(_EPOCHS):
        network.fit(
            as_light(moved(digits.images, _MOVED_PX, rng)),
            digits.labels,
            batch_size=_BATCH,
            initial_epoch=epoch,
            epochs=epoch + 1,
            verbose=2,
        )
    return network


def _network() -> Any:
    layers = keras.layers

    def convolution(channels: int) -> list[Any]:
        return [
            layers.Conv2D(channels, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
        ]

    return keras.Sequential(
        [
            keras.Input((DIGIT_PX, DIGIT_PX, 1)),
            *convolution(16),
            *convolution(16),
            layers.MaxPooling2D(),  # 14 x 14
            *convolution(32),
            *convolution(32),
            layers.MaxPooling2D(),  # 7 x 7
            *convolution(64),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu", name=_FEATURES),
            layers.Dense(LABELS),
        ]
    )
