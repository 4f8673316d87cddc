"""The weights of the three networks of MTCNN, from the PyPI package `mtcnn` 1.0.0 (MIT).

The package keeps them as pickled lists of arrays, in the order of the layers. Unpickling can run code, so a file is
only opened when its checksum is the one pinned here. The package itself is not imported: that would load TensorFlow
and Keras.
"""

import io
from pathlib import Path

from exporters.weights.arrays import LayerShapes, Weights, by_layer
from exporters.weights.files import package_file, read_pinned

MTCNN_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Checksums of assets/weights/<model>.lz4 in `mtcnn` 1.0.0."""

_REMEDY = "reinstall the package: pip install --force-reinstall --no-deps mtcnn==1.0.0"


def read_mtcnn(model: str, layers: LayerShapes) -> Weights:
    """Returns the weights of a network of the installed package `mtcnn`.

    Args:
        model: A key of `MTCNN_SHA256`.
        layers: The parameters of the network; the file must hold exactly these.

    Raises:
        WeightsError: The package or its file is absent, the checksum differs, or the file does not fit `layers`.
    """
    return read(mtcnn_path(model), MTCNN_SHA256[model], layers)


def mtcnn_path(model: str) -> Path:
    """Returns the file in which the installed package `mtcnn` keeps the weights of a network.

    Raises:
        WeightsError: The package is not installed.
    """
    return package_file("mtcnn", "assets", "weights", f"{model}.lz4")


def read(path: Path, sha256: str, layers: LayerShapes) -> Weights:
    """Returns the arrays of a joblib file by layer and parameter.

    Raises:
        WeightsError: The file cannot be read, its checksum is not `sha256`, or it does not fit `layers`.
    """
    content = read_pinned(path, sha256, remedy=_REMEDY)
    import joblib  # noqa: PLC0415  (a part of the extra `export`; an importer of this file may lack it)

    return by_layer(joblib.load(io.BytesIO(content)), layers, source=path.name, remedy=_REMEDY)
