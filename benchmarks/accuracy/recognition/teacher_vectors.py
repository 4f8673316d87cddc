"""Vectors of many chips from an exported version of the embedder."""

import numpy as np
from numpy.typing import NDArray

from exporters.training.embedder.on_tensorflow.teacher import Teacher, Vectors

_CHIPS_AT_ONCE = 64


def vectors_of(embedder: Teacher, chips: NDArray[np.uint8]) -> Vectors:
    """Returns the vectors float32 [N, D] of chips uint8 [N, S, S, 3]; N may be larger than a batch."""
    parts = [embedder(chips[at : at + _CHIPS_AT_ONCE]) for at in range(0, len(chips), _CHIPS_AT_ONCE)]
    return np.concatenate([np.asarray(part, np.float32) for part in parts])
