"""Inception v3 in training on JAX: one step, from pictures to new weights.

It does what `on_tensorflow/student.py` does, all of it on the accelerator. Everything random in a step follows from the
seed and the number of the step.
"""

from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import Array, random
from numpy.typing import NDArray

from exporters.networks import inception_v3
from exporters.networks.inception_v3 import EMBEDDING, MEAN
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.distill import distill
from exporters.training.embedder.on_jax.teacher import taught, teaching
from exporters.training.embedder.on_jax.views import views
from exporters.training.embedder.optimization import (
    AVERAGE_STEPS,
    in_units,
    kept_of_average,
    optimizer,
    out_of_units,
    schedule,
)
from exporters.training.embedder.views import Augmentation
from exporters.weights.arrays import Weights
from exporters.weights.inception_v3 import set_weights, weights_of

Arrays = dict[str, Any]
"""Arrays of JAX, or trees of them, by name."""

State = Arrays
"""Everything that a step changes, and `mean` and `spread`, which turn the network's output into vectors."""

Losses = dict[str, Array]
"""Parts of the loss by name."""

CHIP_PX, DIMENSION = EMBEDDERS[1].chip_px, EMBEDDERS[1].dimension

_AT_ONCE = 64


class JaxStudent:
    """The network, its optimizer and its average.

    Args:
        config: Configuration of the training.
        teacher: The weights of embedder version 1.
        pictures: uint8 [N, S, S, 3], to learn from; they stay on the accelerator.
    """

    def __init__(self, config: EmbedderConfig, teacher: Weights, pictures: NDArray[np.uint8]) -> None:
        self._config = config
        self._augmentation = Augmentation(config.blend_share, config.seam_share, config.warp_px)
        self._teaching = jax.device_put(teaching(teacher))
        self._pictures = jax.device_put(pictures)
        made = partial(inception_v3.model, input_px=config.input_px, width=config.width, dimension=DIMENSION)
        self._network = self._whole = made(seed=config.seed)
        if jax.default_backend() != "cpu":
            self._whole = made(seed=config.seed)
            _halve(self._network)
        self._optimizer = optimizer(config.learning_rate, self._network.trainable_variables)
        self._rate = schedule(config.learning_rate, config.steps)
        self._rate_at = [one.name for one in self._optimizer.variables].index("learning_rate")
        self.state = self._first_state()
        """A tree of arrays."""

    def aim(self, faces: NDArray[np.integer]) -> None:
        """Sets the mean and the spread of the vectors to learn, from the teacher's vectors of faces."""
        first = taught(self._teaching, self._views(random.key(self._config.seed), self._pictures, jnp.asarray(faces)))
        mean = first.mean(axis=0)
        self.state |= {"mean": mean, "spread": (first - mean).std()}

    def start_from(self, weights: Weights) -> None:
        """Starts from the weights of a network of this width; call it after `aim`."""
        set_weights(self._network, in_units(weights, np.asarray(self.state["mean"]), float(self.state["spread"])))
        self.state |= {name: one for name, one in self._first_state().items() if name not in ("mean", "spread")}

    def step(self, number: int, faces: NDArray[np.integer]) -> Losses:
        """Learns from one view of each of the faces, and returns the losses by name."""
        constants = {"teaching": self._teaching, "pictures": self._pictures}
        now = {"number": jnp.int32(number), "faces": jnp.asarray(faces), "rate": jnp.float32(self._rate(number))}
        self.state, losses = self._step(self.state, constants, now)
        return dict(losses)

    def weights(self) -> Weights:
        """Returns the weights of the average, with the mean and the spread in them."""
        for variable, value in zip(self._whole.variables, self._averaged(self.state["average"]), strict=True):
            variable.assign(value)
        return out_of_units(weights_of(self._whole), np.asarray(self.state["mean"]), float(self.state["spread"]))

    def vectors(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns the average's vectors [N, D] of chips."""
        parts = [self._vectors(self.state, chips[at : at + _AT_ONCE]) for at in range(0, len(chips), _AT_ONCE)]
        return np.concatenate([np.asarray(part) for part in parts])

    def _first_state(self) -> State:
        network = self._network
        learned = [one.value for one in network.trainable_variables]
        counted = [one.value for one in network.non_trainable_variables]
        state = {
            "learned": learned,
            "counted": counted,
            "average": [learned, counted],
            "optimizer": [one.value for one in self._optimizer.variables],
            "mean": jnp.zeros(DIMENSION),
            "spread": jnp.ones(()),
        }
        # Copies, since a step consumes the state that it is given.
        copies: State = jax.tree.map(jnp.array, state)
        return copies

    def _averaged(self, average: list[list[Array]]) -> list[Array]:
        """Returns the arrays in the order of a network's variables."""
        network = self._network
        by_variable = dict(zip(map(id, network.trainable_variables), average[0], strict=True))
        by_variable |= zip(map(id, network.non_trainable_variables), average[1], strict=True)
        return [by_variable[id(one)] for one in network.variables]

    @partial(jax.jit, static_argnums=0)
    def _views(self, key: Array, pictures: Array, faces: Array) -> Array:
        drawn: Array = views(key, pictures, faces, chip_px=CHIP_PX, augmentation=self._augmentation)
        return drawn

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def _step(self, state: State, constants: Arrays, now: Arrays) -> tuple[State, Losses]:
        number = now["number"]
        key = random.fold_in(random.key(self._config.seed), number)
        chips = self._views(key, constants["pictures"], now["faces"])
        known = taught(constants["teaching"], chips)

        def wrong(learned: list[Array]) -> tuple[Array, tuple[list[Array], Losses]]:
            vectors, counted = self._network.stateless_call(
                learned, state["counted"], self._light(chips), training=True
            )
            with jax.default_matmul_precision("highest"):
                losses = distill(state["mean"] + state["spread"] * vectors, known)
            return reduce(jnp.add, losses.values()), (counted, losses)

        slopes, (counted, losses) = jax.grad(wrong, has_aux=True)(state["learned"])
        before = list(state["optimizer"])
        before[self._rate_at] = now["rate"]
        learned, after = self._optimizer.stateless_apply(before, slopes, state["learned"])
        keep = jnp.where(number % AVERAGE_STEPS == 0, kept_of_average(number), 1.0)
        average = jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, state["average"], [learned, counted])
        return {**state, "learned": learned, "counted": counted, "optimizer": after, "average": average}, losses

    @partial(jax.jit, static_argnums=0)
    def _vectors(self, state: State, chips: Array) -> Array:
        with jax.default_matmul_precision("highest"):
            vectors, _ = self._whole.stateless_call(*state["average"], self._light(chips), training=False)
        scaled: Array = state["mean"] + state["spread"] * vectors
        return scaled

    def _light(self, chips: Array) -> Array:
        return as_light(chips, self._config.input_px, self._config.crop_px)


def as_light(chips: Array, input_px: int, crop_px: int) -> Array:
    """Returns the middle of chips as `exporters.networks.inception_v3_graph.as_light` does."""
    start = (chips.shape[1] - crop_px) // 2
    light = chips[:, start : start + crop_px, start : start + crop_px].astype(jnp.float32)
    if crop_px % input_px == 0:
        times = crop_px // input_px
        light = light.reshape(-1, input_px, times, input_px, times, 3).mean(axis=(2, 4))
    else:
        light = jax.image.resize(light, (len(light), input_px, input_px, 3), "linear", antialias=True)
    return light / 127.5 - 1.0


def _halve(network: keras.Model) -> None:
    """Makes all layers but the last two compute in bfloat16, with weights in float32."""
    for layer in network.layers:
        if layer.name not in (MEAN, EMBEDDING):
            layer.dtype_policy = "mixed_bfloat16"
