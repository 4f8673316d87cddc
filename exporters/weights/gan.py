"""The weights of the generator and the discriminator: our own training, kept with the code in half precision."""

from pathlib import Path

from exporters.weights.arrays import LayerShapes, Weights
from exporters.weights.half_precision import read_halved, write_halved

SHA256 = "1be86984a3c548d72c9638c0cdb0b3308bf2f4c7ab8e37a64d6805124d524bf0"
"""Checksum of `FILE`."""

FILE = Path(__file__).parents[1] / "data" / "gan.npz"
"""Beside it, gan.json is the record of the training."""

_REMEDY = "restore exporters/data/gan.npz, or train again: facegrid train gan --help"


def read_gan_weights(network: str, layers: LayerShapes) -> Weights:
    """Returns the weights of a network by layer, float32.

    Args:
        network: "generator" or "discriminator".
        layers: The parameters of the network; the file must hold exactly these.

    Raises:
        WeightsError: The file is absent, its checksum differs, or it does not fit `layers`.
    """
    return read_halved(FILE, SHA256, network, layers, remedy=_REMEDY)


def write_gan_weights(path: Path, generator: Weights, discriminator: Weights) -> None:
    """Writes both networks to one file, float16.

    Raises:
        WeightsError: A number is too large for half precision.
    """
    write_halved(path, {"generator": generator, "discriminator": discriminator})
