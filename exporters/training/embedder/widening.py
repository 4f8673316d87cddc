"""A wider network that gives the same vectors as a narrower one, and can learn more.

After Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", 2016. They copy channels; here new channels
have random weights, and old channels ignore them. So no two channels are equal, and the old ones keep their values.
"""

import keras
import numpy as np
from numpy.typing import NDArray

from exporters.networks.inception_v3 import EMBEDDING, END_POINTS, MIN_PX, Convolution, Tensor, end_points, model
from exporters.weights.arrays import Weights
from exporters.weights.inception_v3 import weights_of


def widened(weights: Weights, *, width: float, seed: int) -> Weights:
    """Returns weights of a network of a larger width that gives the same vectors.

    Args:
        weights: As `exporters.weights.inception_v3.weights_of` returns them.
        width: Of the network to make, see `exporters.networks.inception_v3.model`.
        seed: Of the new channels.
    """
    dimension = weights[EMBEDDING]["bias"].size
    wider = weights_of(model(input_px=MIN_PX, width=width, dimension=dimension, seed=seed))

    def convolve(x: Tensor, one: Convolution) -> Tensor:
        """Takes and returns masks in place of pictures: 1 in the channels that the narrower network has, else 0."""
        old, new = weights[one.name], wider[one.name]
        count = old["beta"].size
        new["kernel"][..., :count] = 0
        new["kernel"][:, :, _marked(x), :count] = old["kernel"]
        for name in old.keys() - {"kernel"}:
            new[name][:count] = old[name]
        shape = keras.layers.Conv2D(one.channels, one.size, one.stride, one.padding).compute_output_shape(x.shape)
        return keras.ops.broadcast_to((np.arange(one.channels) < count).astype(np.float32), shape)

    last = end_points(keras.ops.ones((1, MIN_PX, MIN_PX, 3)), convolve, width=width)[END_POINTS[-1]]
    kernel = np.zeros_like(wider[EMBEDDING]["kernel"])
    kernel[_marked(last)] = weights[EMBEDDING]["kernel"]
    return {**wider, EMBEDDING: {"kernel": kernel, "bias": weights[EMBEDDING]["bias"]}}


def _marked(x: Tensor) -> NDArray[np.intp]:
    return np.flatnonzero(keras.ops.convert_to_numpy(x)[0, 0, 0])
