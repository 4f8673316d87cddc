"""Arrays by layer and parameter, and their shapes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from exporters.errors import WeightsError

Float32Array = NDArray[np.float32]

Shape = tuple[int, ...]

LayerShapes = Mapping[str, Mapping[str, Shape]]
"""Layer name -> parameter name -> shape, in the order in which the file holds the arrays."""

Weights = Mapping[str, Mapping[str, Float32Array]]
"""Layer name -> parameter name -> array."""


def by_layer(arrays: Sequence[Float32Array], layers: LayerShapes, *, source: str, remedy: str) -> Weights:
    """Returns the arrays under the names of `layers`, in order: nothing missing, nothing left over.

    Args:
        arrays: One for each parameter, in the order of `layers`.
        layers: Names and shapes.
        source: Where the arrays come from, for messages.
        remedy: What to do if they do not fit, for messages.

    Raises:
        WeightsError: A parameter lacks its array, an array has another shape or dtype, or arrays are left over.
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
