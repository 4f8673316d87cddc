"""Weights by layer name, from files that are known byte for byte.

The three networks of MTCNN come with the PyPI package `mtcnn` 1.0.0 (MIT), as pickled lists of arrays in
the order of the layers. Unpickling runs what a file says, so a file is only opened when its checksum is
the one pinned here. The package itself is not imported: that would load TensorFlow and Keras.

The other files of weights are read by `dlib_weights.py`, by the same rules.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.errors import WeightsError

Float32Array = NDArray[np.float32]

Shape = tuple[int, ...]

LayerShapes = Mapping[str, Mapping[str, Shape]]
"""Layer name -> parameter name -> shape, in the order in which the file holds the arrays."""

Weights = Mapping[str, Mapping[str, Float32Array]]
"""Layer name -> parameter name -> array."""

MTCNN_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Checksums of assets/weights/<model>.lz4 in `mtcnn` 1.0.0."""

_REMEDY = "install the package anew: pip install --force-reinstall --no-deps mtcnn==1.0.0"


def read_mtcnn(model: str, layers: LayerShapes) -> Weights:
    """Returns the weights of a network of the installed package `mtcnn`.

    Args:
        model: A key of `MTCNN_SHA256`.
        layers: What the network needs; the file must hold exactly that.

    Raises:
        WeightsError: The package or its file is absent, the file is not the one pinned, or it does not fit `layers`.
    """
    return read(mtcnn_path(model), MTCNN_SHA256[model], layers)


def mtcnn_path(model: str) -> Path:
    """Returns where the installed package `mtcnn` keeps the weights of a network.

    Raises:
        WeightsError: The package is not installed.
    """
    return package_file("mtcnn", "assets", "weights", f"{model}.lz4")


def package_file(package: str, *parts: str) -> Path:
    """Returns where a file of an installed package is, without importing the package.

    Raises:
        WeightsError: The package is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"the package {package}, which holds the weights, is not installed: pip install 'facegrid[export]'"
        )
    return Path(spec.submodule_search_locations[0], *parts)


def read(path: Path, sha256: str, layers: LayerShapes) -> Weights:
    """Returns the arrays of a joblib file by layer and parameter.

    Raises:
        WeightsError: The file cannot be read, its checksum is not `sha256`, or it does not fit `layers`.
    """
    content = read_pinned(path, sha256, remedy=_REMEDY)
    import joblib  # noqa: PLC0415  (a part of the extra `export`; whoever imports this file may lack it)

    return by_layer(joblib.load(io.BytesIO(content)), layers, source=path.name, remedy=_REMEDY)


def read_pinned(path: Path, sha256: str, *, remedy: str) -> bytes:
    """Returns the content of a file that must be exactly the one expected.

    Raises:
        WeightsError: The file cannot be read, or its checksum is not `sha256`; `remedy` says what to do.
    """
    try:
        content = path.read_bytes()
    except OSError as err:
        raise WeightsError(f"cannot read the weights {path}: {err.strerror}; {remedy}") from err
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path} ({len(content)} bytes) is not the expected file of weights: "
            f"its sha256 is {found}, expected {sha256}; {remedy}"
        )
    return content


def by_layer(arrays: Sequence[Float32Array], layers: LayerShapes, *, source: str, remedy: str) -> Weights:
    """Returns the arrays under the names of `layers`, in order: nothing missing, nothing left over.

    Args:
        arrays: One for each parameter, in the order of `layers`.
        layers: Names and shapes.
        source: What the arrays come from, for messages.
        remedy: What to do where they do not fit, for messages.

    Raises:
        WeightsError: The first parameter that has no array, or one of another shape or dtype; or arrays left over.
    """
    remaining = iter(arrays)
    weights = {
        layer: {
            name: _fit(next(remaining, None), shape, f"{source}: {layer}/{name}", remedy)
            for name, shape in shapes.items()
        }
        for layer, shapes in layers.items()
    }
    left_over = [array.shape for array in remaining]
    if left_over:
        raise WeightsError(
            f"{source}: {len(left_over)} arrays are left over after {list(layers)[-1]}, "
            f"of shapes {left_over}; expected none; {remedy}"
        )
    return weights


def _fit(array: Float32Array | None, shape: Shape, what: str, remedy: str) -> Float32Array:
    if array is None:
        raise WeightsError(f"{what}: expected float32 {shape}, found no more arrays; {remedy}")
    if array.shape != shape or array.dtype != np.float32:
        raise WeightsError(f"{what}: expected float32 {shape}, found {array.dtype} {array.shape}; {remedy}")
    return array
