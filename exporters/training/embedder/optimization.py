"""The optimizer of the embedder on every backend, the average of its weights, and the units of its vectors.

The result of a training is the average over about the last 500 steps, of the weights and of the statistics of batch
normalisation.
"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.networks.inception_v3 import EMBEDDING
from exporters.weights.arrays import Weights

AVERAGE_STEPS = 10
"""Steps between two updates of the average."""

_AVERAGE_DECAY = 0.98
"""Share of the old average in an update: so the average is over about the last 500 steps."""

_BETA_2 = 0.99
_WEIGHT_DECAY = 0.01
_WARMUP_SHARE = 0.03


def schedule(learning_rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns the learning rate by step: it rises to `learning_rate`, and falls to 0 along a cosine."""
    warmup = round(_WARMUP_SHARE * steps)
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / max(warmup, 1), steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )


def optimizer(learning_rate: float, variables: list[Any]) -> keras.optimizers.Optimizer:
    """Returns an AdamW optimizer for these variables; the caller sets its rate before each step."""
    made = keras.optimizers.AdamW(learning_rate, beta_2=_BETA_2, weight_decay=_WEIGHT_DECAY)
    made.exclude_from_weight_decay(var_names=["bias", "beta"])
    made.build(variables)
    return made


def kept_of_average(step: Any) -> Any:
    """Returns the share of the old average in the update after a step, a tensor; it is lower in early steps."""
    done = keras.ops.cast(step, "float32") / AVERAGE_STEPS
    return keras.ops.minimum(_AVERAGE_DECAY, (1.0 + done) / (10.0 + done))


def in_units(weights: Weights, mean: NDArray[np.float32], spread: float) -> Weights:
    """Returns weights whose last layer gives vectors relative to a mean [D], in units of a spread.

    The network learns these. Otherwise one step of Adam would move a vector farther than two people are apart.
    """
    last = weights[EMBEDDING]
    return {**weights, EMBEDDING: {"kernel": last["kernel"] / spread, "bias": (last["bias"] - mean) / spread}}


def out_of_units(weights: Weights, mean: NDArray[np.float32], spread: float) -> Weights:
    """Returns weights whose last layer gives the vectors themselves; the inverse of `in_units`."""
    last = weights[EMBEDDING]
    return {**weights, EMBEDDING: {"kernel": last["kernel"] * spread, "bias": last["bias"] * spread + mean}}
