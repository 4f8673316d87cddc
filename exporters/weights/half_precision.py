"""Files of our own weights, kept with the code in half precision (float16)."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from exporters.atomic_file import replaced
from exporters.errors import WeightsError
from exporters.weights.arrays import LayerShapes, Weights, by_layer
from exporters.weights.files import read_pinned


def read_halved(path: Path, sha256: str, network: str, layers: LayerShapes, *, remedy: str) -> Weights:
    """Returns the weights of a network in a file by layer, float32.

    Args:
        path: The file.
        sha256: Its checksum.
        network: Which network of the file.
        layers: The parameters of the network; the file must hold exactly these.
        remedy: What to do if it does not, for messages.

    Raises:
        WeightsError: The file is absent, its checksum differs, or it does not fit `layers`.
    """
    content = read_pinned(path, sha256, remedy=remedy)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = [file[name].astype(np.float32) for name in file.files if name.startswith(f"{network}/")]
    return by_layer(arrays, layers, source=path.name, remedy=remedy)


def write_halved(path: Path, networks: Mapping[str, Weights]) -> None:
    """Writes the weights of networks, by their names, to one file, float16.

    Raises:
        WeightsError: A number is too large for half precision.
    """
    with np.errstate(over="ignore"):  # reported below, with the name
        arrays = {
            f"{network}/{layer}/{name}": array.astype(np.float16)
            for network, weights in networks.items()
            for layer, part in weights.items()
            for name, array in part.items()
        }
    bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise WeightsError(f"{', '.join(bad)} cannot be written in half precision: the training has diverged")
    with replaced(path, durable=True) as draft:
        np.savez_compressed(draft, **arrays)  # type: ignore[arg-type]
