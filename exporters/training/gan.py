"""Generator and discriminator, trained against each other: what one step does, and what is kept of it.

    minimise over D   softplus(-D(real, labels)) + softplus(D(made, labels)), where made = G(noise, labels)
    minimise over G   softplus(-D(made, labels)) + READER_WEIGHT * cross-entropy(labels, readers(made))

(Goodfellow et al., 2014, with the generator's loss that does not saturate; the last term is the auxiliary
classifier of Odena et al., 2017, except that the readers stand still.) The labels are those of the real
pictures of the batch, blends among them, so that requests for two digits at once lie inside what was trained.

Everything random in step n follows from the seed and n, so training that was interrupted goes on as if it
had not been.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.networks import discriminator, generator
from exporters.networks.digits import EPSILON
from exporters.signatures import NOISE_DIM
from exporters.training.blends import Blends
from exporters.training.mnist import Digits, as_light, one_hot
from exporters.training.readers import Reader
from exporters.weights import LayerShapes, Shape, Weights

READER_WEIGHT = 0.3
"""Of what the readers say, against what the discriminator says."""

_LEARNING_RATE = 4e-4
_BETA_1 = 0.5  # DCGAN, section 4
_INITIAL_STDDEV = 0.02  # the same
_NORM_MOMENTUM = 0.99
_AVERAGE_DECAY = 0.998
"""The generator that is kept is the average over about the last 500 steps: it errs less than that of any step."""

_AVERAGES = ("mean", "variance")
"""What batch normalisation counts and does not learn."""


@dataclass(frozen=True)
class Batch:
    """Real pictures and what they show."""

    light: NDArray[np.float32]
    """[N, 28, 28, 1] from -1 to 1."""
    labels: NDArray[np.float32]
    """[N, 10]."""


class Data:
    """Real pictures of each step: mostly digits, the rest blends."""

    def __init__(self, digits: Digits, blends: Blends, *, seed: int, batch_size: int, blend_share: float) -> None:
        self._digits = digits
        self._blends = blends
        self._seed = seed
        self._blend_count = round(batch_size * blend_share)
        self._digit_count = batch_size - self._blend_count

    def batch(self, step: int) -> Batch:
        """Returns the same batch for the same step."""
        rng = np.random.default_rng([self._seed, step])
        single = rng.integers(0, len(self._digits.images), self._digit_count)
        blend = rng.integers(0, len(self._blends.images), self._blend_count)
        images = np.concatenate([self._digits.images[single], self._blends.images[blend]])
        labels = np.concatenate([one_hot(self._digits.labels[single]), self._blends.labels[blend]])
        return Batch(as_light(images), labels)


class Gan(tf.Module):  # type: ignore[misc]
    """Both networks, their optimizers, and the average of the generator.

    Args:
        readers: Who tell the generator whether a picture is what was asked.
        seed: Of the first weights and of all noise.
        steps: After which the learning rate has fallen to nothing.
    """

    def __init__(self, readers: Sequence[Reader], *, seed: int, steps: int) -> None:
        super().__init__()
        self._readers = list(readers)
        self._seed = seed
        self.generator = _variables(generator.LAYERS, seed)
        self.discriminator = _variables(discriminator.LAYERS, seed + 1)
        self.average = {
            layer: {name: tf.Variable(one) for name, one in part.items()} for layer, part in self.generator.items()
        }
        rate = tf.keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
        self.generator_optimizer = tf.keras.optimizers.Adam(rate, beta_1=_BETA_1)
        self.discriminator_optimizer = tf.keras.optimizers.Adam(rate, beta_1=_BETA_1)
        self._learned = [_learned(self.generator), _learned(self.discriminator)]
        self.generator_optimizer.build(self._learned[0])
        self.discriminator_optimizer.build(self._learned[1])

    @tf.function  # type: ignore[untyped-decorator]
    def step(self, number: tf.Tensor, light: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        """Moves both networks once and returns the losses by name.

        Args:
            number: int32 [], of the step.
            light: Real pictures, float32 [N, 28, 28, 1] from -1 to 1.
            labels: float32 [N, 10], of the real pictures and of those to be made.
        """
        noise = tf.random.stateless_normal([tf.shape(labels)[0], NOISE_DIM], [self._seed, number])
        with tf.GradientTape(persistent=True) as tape:
            made = generator.pictures(self.generator, noise, labels, _batch_norm)
            on_real = discriminator.logits(self.discriminator, light, labels, _batch_norm)
            on_made = discriminator.logits(self.discriminator, made, labels, _batch_norm)
            losses = {
                "discriminator": tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_made)),
                "generator": tf.reduce_mean(tf.nn.softplus(-on_made)),
                "readers": self._misread(made, labels),
            }
            total = losses["generator"] + READER_WEIGHT * losses["readers"]
        gradients = tape.gradient(total, self._learned[0]), tape.gradient(losses["discriminator"], self._learned[1])
        self.generator_optimizer.apply_gradients(zip(gradients[0], self._learned[0], strict=True))
        self.discriminator_optimizer.apply_gradients(zip(gradients[1], self._learned[1], strict=True))
        self._move_average(tf.cast(number, tf.float32))
        return losses

    @tf.function  # type: ignore[untyped-decorator]
    def sample(self, noise: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the pictures of the average generator, float32 [N, 28, 28, 1] from -1 to 1."""
        return generator.pictures(self.average, noise, labels)

    def weights(self) -> tuple[Weights, Weights]:
        """Returns those of the average generator and of the discriminator."""
        return _arrays(self.average), _arrays(self.discriminator)

    def _misread(self, made: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        entropies = [
            tf.nn.softmax_cross_entropy_with_logits(labels, reader(made, training=False)) for reader in self._readers
        ]
        return tf.reduce_mean(entropies)

    def _move_average(self, number: tf.Tensor) -> None:
        decay = tf.minimum(_AVERAGE_DECAY, (1.0 + number) / (10.0 + number))  # the first weights are forgotten soon
        for layer, parameters in self.generator.items():
            for name, parameter in parameters.items():
                average = self.average[layer][name]
                average.assign(decay * average + (1.0 - decay) * parameter)


def _batch_norm(x: tf.Tensor, layer: Mapping[str, tf.Variable], name: str) -> tf.Tensor:
    """Returns x normalised by the batch itself, whose mean and variance are counted."""
    with tf.name_scope(name):
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        for average, value in ((layer["mean"], mean), (layer["variance"], variance)):
            average.assign(_NORM_MOMENTUM * average + (1.0 - _NORM_MOMENTUM) * tf.stop_gradient(value))
        return tf.nn.batch_normalization(x, mean, variance, layer["shift"], layer["scale"], EPSILON)


def _variables(layers: LayerShapes, seed: int) -> dict[str, dict[str, tf.Variable]]:
    rng = np.random.default_rng(seed)
    first: dict[str, Callable[[Shape], NDArray[Any]]] = {
        "kernel": lambda shape: rng.normal(0, _INITIAL_STDDEV, shape),
        "scale": lambda shape: rng.normal(1, _INITIAL_STDDEV, shape),
        "variance": np.ones,
        "mean": np.zeros,
        "shift": np.zeros,
        "bias": np.zeros,
    }
    return {
        layer: {
            name: tf.Variable(
                first[name](shape).astype(np.float32), name=f"{layer}/{name}", trainable=name not in _AVERAGES
            )
            for name, shape in shapes.items()
        }
        for layer, shapes in layers.items()
    }


def _learned(network: dict[str, dict[str, tf.Variable]]) -> list[tf.Variable]:
    return [one for one in _flat(network) if one.trainable]


def _flat(network: dict[str, dict[str, tf.Variable]]) -> Iterable[tf.Variable]:
    return (one for part in network.values() for one in part.values())


def _arrays(network: dict[str, dict[str, tf.Variable]]) -> Weights:
    return {layer: {name: one.numpy() for name, one in part.items()} for layer, part in network.items()}
