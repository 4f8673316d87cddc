"""The weights of the Inception v3 embedder: trained by us, kept with the code in half precision."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from exporters.halved import read_halved, write_halved
from exporters.networks.inception_v3 import EMBEDDING, convolution_name, model, norm_name
from exporters.weights import LayerShapes, Weights

SHA256 = ""
"""Checksum of `FILE`."""

FILE = Path(__file__).parent / "data" / "embedder.npz"
"""Beside it, embedder.json says how it came about."""

WIDTH = 0.35
INPUT_PX = 75
"""Width of the network that the file holds, and the side of the pictures that it was trained with."""

_NETWORK = "inception_v3"
_REMEDY = "restore exporters/data/embedder.npz, or train anew: facegrid train embedder --help"

_NORM = {"beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}
"""Name of a parameter in the file -> in the layer."""


def read_embedder_weights() -> Weights:
    """Returns the weights by convolution, and of the last layer, float32.

    Raises:
        WeightsError: The file is absent, is not the one pinned, or does not fit the network.
    """
    return read_halved(FILE, SHA256, _NETWORK, layer_shapes(WIDTH), remedy=_REMEDY)


def write_embedder_weights(path: Path, weights: Weights) -> None:
    """Writes them to a file, float16.

    Raises:
        WeightsError: A number is too large for half precision.
    """
    write_halved(path, {_NETWORK: weights})


def layer_shapes(width: float) -> LayerShapes:
    """Returns what the network of a width needs."""
    network = model(input_px=INPUT_PX, width=width)
    return {layer: {name: tuple(one.shape) for name, one in part} for layer, part in _parts(network)}


def weights_of(network: keras.Model) -> Weights:
    """Returns the weights of a network that `exporters.networks.inception_v3.model` made."""
    return {
        layer: {name: np.asarray(keras.ops.convert_to_numpy(one), np.float32) for name, one in part}
        for layer, part in _parts(network)
    }


def _parts(network: keras.Model) -> Iterator[tuple[str, list[tuple[str, keras.Variable]]]]:
    """Gives the parameters of each convolution with its normalisation, and of the last layer."""
    suffix = convolution_name("")
    for layer in network.layers:
        if layer.name.endswith(suffix):
            name = layer.name.removesuffix(suffix)
            norm = network.get_layer(norm_name(name))
            yield name, [("kernel", layer.kernel), *((ours, getattr(norm, its)) for ours, its in _NORM.items())]
    last = network.get_layer(EMBEDDING)
    yield EMBEDDING, [("kernel", last.kernel), ("bias", last.bias)]
