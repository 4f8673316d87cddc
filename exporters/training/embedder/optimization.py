"""How the embedder learns, whatever it runs on: steps of what length, what is averaged, in which units vectors are.

The network that is kept is the average over about the last 500 steps, of what it learned and of what the batch
normalisation counted.
"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.networks.inception_v3 import EMBEDDING
from exporters.weights.arrays import Weights

AVERAGE_STEPS = 10
"""After how many steps the average is moved."""

_AVERAGE_DECAY = 0.98
"""What is left of it then: it is over about the last 500 steps."""

_BETA_2 = 0.99
_WEIGHT_DECAY = 0.01
_WARMUP_SHARE = 0.03


def schedule(learning_rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns the rate of each step: it rises to the highest, and falls to 0 as a cosine does."""
    warmup = round(_WARMUP_SHARE * steps)
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / max(warmup, 1), steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )


def optimizer(learning_rate: float, variables: list[Any]) -> keras.optimizers.Optimizer:
    """Returns one for these variables; its rate is to be set before each step."""
    made = keras.optimizers.AdamW(learning_rate, beta_2=_BETA_2, weight_decay=_WEIGHT_DECAY)
    made.exclude_from_weight_decay(var_names=["bias", "beta"])
    made.build(variables)
    return made


def kept_of_average(step: Any) -> Any:
    """Returns the share of the average that is left when it is moved after a step, a tensor; early it is less."""
    done = keras.ops.cast(step, "float32") / AVERAGE_STEPS
    return keras.ops.minimum(_AVERAGE_DECAY, (1.0 + done) / (10.0 + done))


def in_units(weights: Weights, mean: NDArray[np.float32], spread: float) -> Weights:
    """Returns weights whose last layer says how far vectors are from a mean [D], in units of a spread.

    That is what is learned. Else one step of Adam would move a vector farther than two people are apart.
    """
    last = weights[EMBEDDING]
    return {**weights, EMBEDDING: {"kernel": last["kernel"] / spread, "bias": (last["bias"] - mean) / spread}}


def out_of_units(weights: Weights, mean: NDArray[np.float32], spread: float) -> Weights:
    """Returns weights whose last layer says the vectors, of those of `in_units`."""
    last = weights[EMBEDDING]
    return {**weights, EMBEDDING: {"kernel": last["kernel"] * spread, "bias": last["bias"] * spread + mean}}
