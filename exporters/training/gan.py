"""Generator and discriminator, trained against each other: what one step does, and what is kept of it.

    minimise over D   softplus(-D(real, labels)) + softplus(D(made, labels)), where made = G(noise, labels)
    minimise over G   softplus(-D(made, labels)) + READER_WEIGHT * cross-entropy(labels, readers(made))

and then, for the last steps,

    minimise over D   the same + softplus(D(real digits, labels of others))
    minimise over G   the same, but less of the readers, + BLEND_WEIGHT * cross-entropy(labels, jury(moved blends))

(Goodfellow et al., 2014, with the generator's loss that does not saturate; the readers are the auxiliary
classifier of Odena et al., 2017, but stand still; real pictures under wrong labels are from Reed et al., 2016.)
The labels are those of the real pictures of the batch, blends among them, so that requests for two digits at
once lie inside what was trained. The last steps are for blends: two readers are soon pleased by what others would
read as one digit, so a jury of other networks, which see each picture moved a little, has to be undecided, too.

Everything random in step n follows from the seed and n, so training that was interrupted goes on as if it
had not been.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.networks import discriminator, generator
from exporters.networks.digits import EPSILON
from exporters.signatures import DIGIT_PX, LABELS, NOISE_DIM
from exporters.training.blends import Blends
from exporters.training.mnist import Digits, as_light, one_hot
from exporters.training.readers import Reader
from exporters.weights import LayerShapes, Shape, Weights

READER_WEIGHT = 0.3
"""Of what the readers say, against what the discriminator says."""

BLEND_WEIGHT = 4.0
"""Of what the jury says of blends."""

_LAST_READER_WEIGHT = 0.1
"""In the last steps: the labels of others tell enough, and what readers like best is all alike."""

_MOVED_PX = 2
"""How far the jury's pictures are moved at most."""

_LEARNING_RATE = 4e-4
_BLEND_LEARNING_RATE = 2e-4
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
        jury: Who tell it, in the last steps, whether blends are undecided.
        seed: Of the first weights and of all noise.
        steps: Until the last ones.
        blend_steps: The last ones.
    """

    def __init__(
        self, readers: Sequence[Reader], jury: Sequence[Reader], *, seed: int, steps: int, blend_steps: int
    ) -> None:
        super().__init__()
        self._readers = list(readers)
        self._jury = list(jury)
        self._seed = seed
        self.generator = _variables(generator.LAYERS, seed)
        self.discriminator = _variables(discriminator.LAYERS, seed + 1)
        self.average = {
            layer: {name: tf.Variable(one) for name, one in part.items()} for layer, part in self.generator.items()
        }
        rate = _Rate(steps, blend_steps)
        self.generator_optimizer = keras.optimizers.Adam(rate, beta_1=_BETA_1)
        self.discriminator_optimizer = keras.optimizers.Adam(rate, beta_1=_BETA_1)
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
        with tf.GradientTape(persistent=True) as tape:
            losses, _ = self._losses(number, light, labels)
            total = losses["generator"] + READER_WEIGHT * losses["readers"]
        self._move(tape, number, total, losses["discriminator"])
        return losses

    @tf.function  # type: ignore[untyped-decorator]
    def blend_step(self, number: tf.Tensor, light: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        """Does what `step` does in the last steps."""
        blend = tf.reduce_max(labels, axis=1) < 1
        with tf.GradientTape(persistent=True) as tape:
            losses, made = self._losses(number, light, labels)
            moved = _moved(tf.boolean_mask(made, blend), [self._seed, number])
            losses["jury"] = _misread(self._jury, moved, tf.boolean_mask(labels, blend))
            digits, others = tf.boolean_mask(light, ~blend), _other_labels(tf.boolean_mask(labels, ~blend), number)
            on_others = discriminator.logits(self.discriminator, digits, others, _batch_norm)
            losses["discriminator"] += tf.reduce_mean(tf.nn.softplus(on_others))
            total = losses["generator"] + _LAST_READER_WEIGHT * losses["readers"] + BLEND_WEIGHT * losses["jury"]
        self._move(tape, number, total, losses["discriminator"])
        return losses

    def _losses(self, number: tf.Tensor, light: tf.Tensor, labels: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Returns the losses of every step, and the pictures that were made."""
        noise = tf.random.stateless_normal([tf.shape(labels)[0], NOISE_DIM], [self._seed, number])
        made = generator.pictures(self.generator, noise, labels, _batch_norm)
        on_real = discriminator.logits(self.discriminator, light, labels, _batch_norm)
        on_made = discriminator.logits(self.discriminator, made, labels, _batch_norm)
        losses = {
            "discriminator": tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_made)),
            "generator": tf.reduce_mean(tf.nn.softplus(-on_made)),
            "readers": _misread(self._readers, made, labels),
        }
        return losses, made

    def _move(self, tape: tf.GradientTape, number: tf.Tensor, total: tf.Tensor, discriminator_loss: tf.Tensor) -> None:
        gradients = tape.gradient(total, self._learned[0]), tape.gradient(discriminator_loss, self._learned[1])
        self.generator_optimizer.apply_gradients(zip(gradients[0], self._learned[0], strict=True))
        self.discriminator_optimizer.apply_gradients(zip(gradients[1], self._learned[1], strict=True))
        self._move_average(tf.cast(number, tf.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def sample(self, noise: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the pictures of the average generator, float32 [N, 28, 28, 1] from -1 to 1."""
        return generator.pictures(self.average, noise, labels)

    def weights(self) -> tuple[Weights, Weights]:
        """Returns those of the average generator and of the discriminator."""
        return _arrays(self.average), _arrays(self.discriminator)

    def _move_average(self, number: tf.Tensor) -> None:
        decay = tf.minimum(_AVERAGE_DECAY, (1.0 + number) / (10.0 + number))  # the first weights are forgotten soon
        for layer, parameters in self.generator.items():
            for name, parameter in parameters.items():
                average = self.average[layer][name]
                average.assign(decay * average + (1.0 - decay) * parameter)


class _Rate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A rate that falls to nothing along a cosine, and does so once more for the last steps."""

    def __init__(self, steps: int, blend_steps: int) -> None:
        self._steps = steps
        schedules = keras.optimizers.schedules
        self._first = schedules.CosineDecay(_LEARNING_RATE, steps)
        self._last = schedules.CosineDecay(_BLEND_LEARNING_RATE, max(1, blend_steps))

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return tf.where(step < self._steps, self._first(step), self._last(step - self._steps))


def _misread(readers: Sequence[Reader], made: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the mean cross-entropy of the readers' words about pictures and what was asked for."""
    entropies = [tf.nn.softmax_cross_entropy_with_logits(labels, reader(made, training=False)) for reader in readers]
    return tf.reduce_mean(entropies)


def _moved(light: tf.Tensor, seed: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the pictures moved together by a few pixels, black where nothing was."""
    padded = tf.pad(light + 1.0, [[0, 0], [_MOVED_PX] * 2, [_MOVED_PX] * 2, [0, 0]]) - 1.0
    top, left = tf.unstack(tf.random.stateless_uniform([2], seed, 0, 2 * _MOVED_PX + 1, tf.int32))
    return padded[:, top : top + DIGIT_PX, left : left + DIGIT_PX]


def _other_labels(labels: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Returns labels of one digit each, every one replaced by another digit."""
    return tf.roll(labels, 1 + number % (LABELS - 1), axis=1)


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
