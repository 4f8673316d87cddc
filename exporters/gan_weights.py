"""The weights of the generator and the discriminator: trained by us, kept with the code in half precision."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.errors import WeightsError
from exporters.weights import LayerShapes, Weights, by_layer, read_pinned

SHA256 = "4843f4e2a1e21be31fa725db16f2541328c59fca874603e2180a976c8ba3c9d0"
"""Checksum of `FILE`."""

FILE = Path(__file__).parent / "data" / "gan.npz"
"""Beside it, gan.json says how it came about."""

_REMEDY = "restore exporters/data/gan.npz, or train anew: facegrid train gan --help"


def read_gan_weights(network: str, layers: LayerShapes) -> Weights:
    """Returns the weights of a network by layer, float32.

    Args:
        network: "generator" or "discriminator".
        layers: What the network needs; the file must hold exactly that for it.

    Raises:
        WeightsError: The file is absent, is not the one pinned, or does not fit `layers`.
    """
    content = read_pinned(FILE, SHA256, remedy=_REMEDY)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = [file[name].astype(np.float32) for name in file.files if name.startswith(f"{network}/")]
    return by_layer(arrays, layers, source=FILE.name, remedy=_REMEDY)


def write_gan_weights(path: Path, generator: Weights, discriminator: Weights) -> None:
    """Writes both networks to one file, float16.

    Raises:
        WeightsError: A number is too large for half precision.
    """
    with np.errstate(over="ignore"):  # said below, with the name
        arrays = _halved(generator, discriminator)
    bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise WeightsError(f"{', '.join(bad)} cannot be written in half precision: the training has diverged")
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def _halved(generator: Weights, discriminator: Weights) -> dict[str, NDArray[np.float16]]:
    """Returns the arrays by network, layer and name."""
    return {
        f"{network}/{layer}/{name}": array.astype(np.float16)
        for network, weights in (("generator", generator), ("discriminator", discriminator))
        for layer, part in weights.items()
        for name, array in part.items()
    }
