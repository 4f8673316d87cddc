"""The batch of real pictures for each step of a training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporters.training.digits.blends import Blends
from exporters.training.digits.mnist import Digits, as_light, one_hot


@dataclass(frozen=True)
class DigitBatch:
    """Real pictures and their labels."""

    light: NDArray[np.float32]
    """[N, 28, 28, 1] from -1 to 1."""
    labels: NDArray[np.float32]
    """[N, 10]."""


class DigitBatches:
    """The batches of a training: mostly digits, the rest blends."""

    def __init__(self, digits: Digits, blends: Blends, *, seed: int, batch_size: int, blend_share: float) -> None:
        self._digits = digits
        self._blends = blends
        self._seed = seed
        self._blend_count = round(batch_size * blend_share)
        self._digit_count = batch_size - self._blend_count

    def batch(self, step: int) -> DigitBatch:
        """Returns the batch of a step; the same step gives the same batch."""
        rng = np.random.default_rng([self._seed, step])
        single = rng.integers(0, len(self._digits.images), self._digit_count)
        blend = rng.integers(0, len(self._blends.images), self._blend_count)
        images = np.concatenate([self._digits.images[single], self._blends.images[blend]])
        labels = np.concatenate([one_hot(self._digits.labels[single]), self._blends.labels[blend]])
        return DigitBatch(as_light(images), labels)
