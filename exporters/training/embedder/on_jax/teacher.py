"""Embedder version 1 on JAX: the teacher of a training on an accelerator, for every view.

It is the network of `exporters/networks/dlib_resnet.py`, with the same file of weights.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from exporters.weights.arrays import Weights

_BLOCKS = (
    "level4_1", "level4_2", "level4_3", "level3_1", "level3_2", "level3_3", "level3_4",
    "level2_1", "level2_2", "level2_3", "level1_1", "level1_2", "level1_3", "level0_1",
)  # fmt: skip
_HALVING = {"level3_1", "level2_1", "level1_1", "level0_1"}


def teaching(weights: Weights) -> dict[str, Any]:
    """Returns the parameters for `taught`, from the weights that `exporters.weights.dlib.read_dlib` returns."""
    folded = {
        name: (
            (layer["kernel"] * layer["gamma"].astype(np.float64)).astype(np.float32),
            (layer["bias"] * layer["gamma"].astype(np.float64) + layer["beta"]).astype(np.float32),
        )
        for name, layer in weights.items()
        if "gamma" in layer
    }
    return {"mean": weights["input"]["mean"], "convolutions": folded, "fc": weights["fc"]["kernel"]}


def taught(teaching: dict[str, Any], chips: Array) -> Array:
    """Returns the vectors float32 [N, 128] of chips uint8 [N, 150, 150, 3]."""
    convolutions = teaching["convolutions"]
    x = (chips.astype(jnp.float32) - teaching["mean"]) / 256.0
    x = jax.nn.relu(_conv(x, convolutions["conv1"], 2, "VALID"))
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")
    for block in _BLOCKS:
        first, second = convolutions[f"{block}/conv1"], convolutions[f"{block}/conv2"]
        halves = block in _HALVING
        y = jax.nn.relu(_conv(x, first, 2, "VALID") if halves else _conv(x, first, 1, "SAME"))
        y = _conv(y, second, 1, "SAME")
        if halves:
            x = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
            shape = tuple(max(sizes) for sizes in zip(x.shape[1:], y.shape[1:], strict=True))
            x, y = _filled(x, shape), _filled(y, shape)
        x = jax.nn.relu(x + y)
    return jnp.matmul(x.mean(axis=(1, 2)), teaching["fc"], precision="highest")


def _conv(x: Array, layer: tuple[Array, Array], stride: int, padding: str) -> Array:
    kernel, bias = layer
    return (
        lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        + bias
    )


def _filled(x: Array, shape: tuple[int, ...]) -> Array:
    """Returns [N, h, w, c] with zeros after the last row, column and channel, up to the sizes of `shape`."""
    return jnp.pad(x, [(0, 0), *((0, wanted - size) for wanted, size in zip(shape, x.shape[1:], strict=True))])
