"""The weights that a training of an Inception v3 embedder writes: in half precision, with a record beside them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from exporters.errors import WeightsError
from exporters.networks.inception_v3 import EMBEDDING, MIN_PX, convolution_name, model, norm_name
from exporters.weights.arrays import LayerShapes, Weights
from exporters.weights.half_precision import read_halved, write_halved

FILE = Path(__file__).parents[1] / "data" / "inception_v3.npz"
"""Our own training. Beside it, inception_v3.json is its record."""

_NETWORK = "inception_v3"
_REMEDY = "train them: facegrid train embedder --help; or name a file: --weights FILE"

_NORM = {"beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}
"""Name of a parameter in the file -> in the layer."""


@dataclass(frozen=True)
class TrainedEmbedder:
    """The result of a training."""

    weights: Weights
    """Of each convolution and of the last layer, float32."""
    width: float
    """Width of the network, see `exporters.networks.inception_v3.model`."""
    crop_px: int
    """Side of the middle of a chip, which the network looks at."""
    input_px: int
    """Side to which the middle is shrunk for the network."""
    sha256: str
    """Checksum of the file."""
    record: dict[str, Any]
    """The training's record, as JSON."""


def read_embedder(path: Path) -> TrainedEmbedder:
    """Returns a training's network from its file, and the record beside it, the same name with the suffix .json.

    Raises:
        WeightsError: One of them is absent, the checksum is not the recorded one, or the file does not fit the network.
    """
    record = path.with_suffix(".json")
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        sha256, config = known["weights_sha256"], known["config"]
        width, input_px, crop_px = config["width"], config["input_px"], config["crop_px"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise WeightsError(f"{record} is not a readable record of a training ({err!r}); {_REMEDY}") from err
    weights = read_halved(path, sha256, _NETWORK, layer_shapes(width), remedy=_REMEDY)
    return TrainedEmbedder(weights, width, crop_px, input_px, sha256, known)


def write_embedder(path: Path, weights: Weights) -> None:
    """Writes the weights to a file, float16.

    Raises:
        WeightsError: A number is too large for half precision.
    """
    write_halved(path, {_NETWORK: weights})


def layer_shapes(width: float) -> LayerShapes:
    """Returns the parameters of the network of a width."""
    network = model(input_px=MIN_PX, width=width)
    return {layer: {name: tuple(one.shape) for name, one in part} for layer, part in _parts(network)}


def weights_of(network: keras.Model) -> Weights:
    """Returns the weights of a network that `exporters.networks.inception_v3.model` made."""
    return {
        layer: {name: np.asarray(keras.ops.convert_to_numpy(one), np.float32) for name, one in part}
        for layer, part in _parts(network)
    }


def set_weights(network: keras.Model, weights: Weights) -> None:
    """Gives a network the weights that `weights_of` returned for one of its width."""
    for layer, part in _parts(network):
        for name, one in part:
            one.assign(weights[layer][name])


def _parts(network: keras.Model) -> Iterator[tuple[str, list[tuple[str, keras.Variable]]]]:
    """Yields the parameters of each convolution with its normalisation, and of the last layer."""
    suffix = convolution_name("")
    for layer in network.layers:
        if layer.name.endswith(suffix):
            name = layer.name.removesuffix(suffix)
            norm = network.get_layer(norm_name(name))
            yield name, [("kernel", layer.kernel), *((ours, getattr(norm, its)) for ours, its in _NORM.items())]
    last = network.get_layer(EMBEDDING)
    yield EMBEDDING, [("kernel", last.kernel), ("bias", last.bias)]
