"""Generator and discriminator, trained against each other: one step, and the average that is kept.

    minimise over D   softplus(-D(real, labels)) + softplus(D(made, labels)), where made = G(noise, labels)
    minimise over G   softplus(-D(made, labels)) + READER_WEIGHT * cross-entropy(labels, readers(made))

and then, for the last steps,

    minimise over D   the same + softplus(D(digits, labels of others)), all in one batch
    minimise over G   the same, but less of the readers, + LIKENESS_WEIGHT * what made digits are more alike than real
                      ones + BLEND_WEIGHT * the largest cross-entropy(labels, jury(moved blends))

(Goodfellow et al., 2014, with the generator's loss that does not saturate; the readers are the auxiliary
classifier of Odena et al., 2017, but do not learn; digits with wrong labels are from Reed et al., 2016, here both real
and made ones.)
The labels are those of the real pictures of the batch, blends among them, so that requests for two digits at
once lie inside the training data. The last steps do three things:

- Blends: two readers soon accept pictures that others would read as one digit. So every reader of a larger jury, which
  sees each picture moved a little, has to be undecided.
- Single pictures: the discriminator has to tell real, made and wrongly labelled pictures apart in one batch that is
  normalised together, as in an export.
- Variety: the other losses reward digits that are alike; the likeness loss prevents it.

Everything random in step n follows from the seed and n, so a training that was interrupted goes on as if it had not
been.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from exporters.networks import discriminator, generator
from exporters.networks.dcgan import EPSILON
from exporters.signatures import NOISE_DIM
from exporters.training.digits.losses import likeness, misread, other_labels, overruled
from exporters.training.digits.readers import Reader
from exporters.weights.arrays import LayerShapes, Shape, Weights

READER_WEIGHT = 0.3
"""Weight of the readers' loss; that of the discriminator's is 1."""

_LAST_READER_WEIGHT = 0.1
"""The same in the last steps, for single digits: the pictures that readers like best are all alike."""

BLEND_WEIGHT = 20.0
"""Weight of the jury's loss of blends."""

LIKENESS_WEIGHT = 3.0
"""Weight of the likeness loss, a distance of grey levels from 0 to 1."""

_BLEND_REALITY = 0.15
"""Weight of the discriminator's loss of blends in the last steps: real blends are not always undecided."""

_LEARNING_RATE = 4e-4
_BLEND_LEARNING_RATE = 1.5e-4
_BETA_1 = 0.5  # DCGAN, section 4
_INITIAL_STDDEV = 0.02  # the same
_NORM_MOMENTUM = 0.99
_AVERAGE_DECAY = 0.998
"""The generator that is kept is the average over about the last 500 steps: it errs less than that of a single step."""

_AVERAGES = ("mean", "variance")
"""Statistics of batch normalisation, which are not learned."""


class Gan(tf.Module):  # type: ignore[misc]
    """Both networks, their optimizers, and the average of the generator.

    Args:
        readers: Readers that judge whether a picture shows the requested digit.
        jury: More readers for the last steps, in which all judge whether blends are undecided.
        seed: Of the first weights and of all noise.
        steps: Number of steps before the last ones.
        blend_steps: Number of the last steps.
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
        """Updates both networks once and returns the losses by name.

        Args:
            number: int32 [], the number of the step.
            light: Real pictures, float32 [N, 28, 28, 1] from -1 to 1.
            labels: float32 [N, 10], of the real pictures and of the pictures to make.
        """
        with tf.GradientTape(persistent=True) as tape:
            made = self._made(number, labels)
            on_real = discriminator.logits(self.discriminator, light, labels, _batch_norm)
            on_made = discriminator.logits(self.discriminator, made, labels, _batch_norm)
            losses = {
                "discriminator": _softplus(-on_real) + _softplus(on_made),
                "generator": _softplus(-on_made),
                "readers": misread(self._readers, made, labels),
            }
            total = losses["generator"] + READER_WEIGHT * losses["readers"]
        self._move(tape, number, total, losses["discriminator"])
        return losses

    @tf.function  # type: ignore[untyped-decorator]
    def blend_step(self, number: tf.Tensor, light: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        """The form of `step` for the last steps."""
        blend = tf.reduce_max(labels, axis=1) < 1
        others = other_labels(tf.boolean_mask(labels, ~blend), number)
        with tf.GradientTape(persistent=True) as tape:
            made = self._made(number, labels)
            digits = [tf.boolean_mask(light, ~blend), tf.boolean_mask(made, ~blend)]
            together = tf.concat([light, made, *digits], axis=0), tf.concat([labels, labels, others, others], axis=0)
            logits = discriminator.logits(self.discriminator, *together, _batch_norm)
            count = tf.shape(labels)[0]
            on_real, on_made, on_others = logits[:count], logits[count : 2 * count], logits[2 * count :]
            reality = tf.where(blend, _BLEND_REALITY, 1.0)
            losses = {
                "discriminator": _softplus(-on_real) + _softplus(on_made) + _softplus(on_others),
                "generator": tf.reduce_mean(reality * tf.nn.softplus(-on_made)),
                "jury": overruled(
                    [*self._readers, *self._jury],
                    tf.boolean_mask(made, blend),
                    tf.boolean_mask(labels, blend),
                    (self._seed, number),
                ),
                "readers": misread(self._readers, digits[1], tf.boolean_mask(labels, ~blend)),
                "likeness": likeness(digits[0], digits[1], tf.boolean_mask(labels, ~blend)),
            }
            weights = {
                "generator": 1.0,
                "readers": _LAST_READER_WEIGHT,
                "jury": BLEND_WEIGHT,
                "likeness": LIKENESS_WEIGHT,
            }
            total = tf.add_n([weight * losses[name] for name, weight in weights.items()])
        self._move(tape, number, total, losses["discriminator"])
        return losses

    def _made(self, number: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        noise = tf.random.stateless_normal([tf.shape(labels)[0], NOISE_DIM], [self._seed, number])
        return generator.pictures(self.generator, noise, labels, _batch_norm)

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
        """Returns the weights of the average generator and of the discriminator."""
        return _arrays(self.average), _arrays(self.discriminator)

    def _move_average(self, number: tf.Tensor) -> None:
        decay = tf.minimum(_AVERAGE_DECAY, (1.0 + number) / (10.0 + number))  # low at first: the first weights fade
        for layer, parameters in self.generator.items():
            for name, parameter in parameters.items():
                average = self.average[layer][name]
                average.assign(decay * average + (1.0 - decay) * parameter)


class _Rate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A rate that falls to 0 along a cosine, and again from a lower start in the last steps."""

    def __init__(self, steps: int, blend_steps: int) -> None:
        self._steps = steps
        schedules = keras.optimizers.schedules
        self._first = schedules.CosineDecay(_LEARNING_RATE, steps)
        self._last = schedules.CosineDecay(_BLEND_LEARNING_RATE, max(1, blend_steps))

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return tf.where(step < self._steps, self._first(step), self._last(step - self._steps))


def _softplus(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(logits))


def _batch_norm(x: tf.Tensor, layer: Mapping[str, tf.Variable], name: str) -> tf.Tensor:
    """Returns x normalised by the mean and variance of the batch, which update the averages."""
    with tf.name_scope(name):
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        for average, value in ((layer["mean"], mean), (layer["variance"], variance)):
            average.assign(_NORM_MOMENTUM * average + (1.0 - _NORM_MOMENTUM) * tf.stop_gradient(value))
        return tf.nn.batch_normalization(x, mean, variance, layer["shift"], layer["scale"], EPSILON)


def _variables(layers: LayerShapes, seed: int) -> dict[str, dict[str, tf.Variable]]:
    rng = np.random.default_rng(seed)
    first: dict[str, Callable[[Shape], Any]] = {
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
