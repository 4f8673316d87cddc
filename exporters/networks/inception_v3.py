"""Inception v3 that ends in a vector instead of classes: an embedding of the face that a picture shows.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, as TensorFlow-Slim
published it (nets/inception_v3.py); the end points have its names. Every convolution has no bias, and is followed by
batch normalisation without scale, and ReLU.

The topology is written once, in Keras, without functions of one backend. The caller supplies the convolution: layers
that learn (`model`), or constants with the normalisation folded in (`inception_v3_graph.py`).
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

END_POINTS = (
    "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_3a_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
    "MaxPool_5a_3x3", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip
"""In the order in which a picture meets them; each is a layer of `model`."""

MEAN = "Mean"
EMBEDDING = "Embedding"
"""The layers after Mixed_7c: the mean over all places, and the vector."""

MIN_PX = 75
"""Side of the smallest picture for which Mixed_7a has an output."""

NORM_EPSILON = 1e-3
_NORM_MOMENTUM = 0.99
_CHANNELS_STEP = 8

Tensor = Any
"""[N, height, width, channels] of any backend, symbolic or not."""


@dataclass(frozen=True)
class Convolution:
    """A convolution with its normalisation and ReLU."""

    name: str
    """An end point, or MODULE.BRANCH_SIZE: Mixed_5b.1b_5x5 is the second one of branch 1."""
    channels: int
    size: tuple[int, int]
    """Height and width of the kernel."""
    stride: int = 1
    padding: str = "same"


Convolve = Callable[[Tensor, Convolution], Tensor]


@dataclass(frozen=True)
class _Step:
    """One step of a branch."""

    sizes: str
    """Of the kernel; of two with a plus between them, both have the same input and their channels are joined."""
    channels: int = 0
    """At width 1; 0: a pool, which keeps the number of its input."""
    stride: int = 1


_Branches = tuple[tuple[_Step, ...], ...]

_POOL = _Step("3x3")
_POOL_DOWN = _Step("3x3", stride=2)


def _mixed_5(pooled: int) -> _Branches:
    return (
        (_Step("1x1", 64),),
        (_Step("1x1", 48), _Step("5x5", 64)),
        (_Step("1x1", 64), _Step("3x3", 96), _Step("3x3", 96)),
        (_POOL, _Step("1x1", pooled)),
    )


def _mixed_6(inner: int) -> _Branches:
    return (
        (_Step("1x1", 192),),
        (_Step("1x1", inner), _Step("1x7", inner), _Step("7x1", 192)),
        (_Step("1x1", inner), _Step("7x1", inner), _Step("1x7", inner), _Step("7x1", inner), _Step("1x7", 192)),
        (_POOL, _Step("1x1", 192)),
    )


_MIXED_7 = (
    (_Step("1x1", 320),),
    (_Step("1x1", 384), _Step("1x3+3x1", 384)),
    (_Step("1x1", 448), _Step("3x3", 384), _Step("1x3+3x1", 384)),
    (_POOL, _Step("1x1", 192)),
)

_MODULES: dict[str, _Branches] = {
    "Mixed_5b": _mixed_5(32),
    "Mixed_5c": _mixed_5(64),
    "Mixed_5d": _mixed_5(64),
    "Mixed_6a": (
        (_Step("3x3", 384, stride=2),),
        (_Step("1x1", 64), _Step("3x3", 96), _Step("3x3", 96, stride=2)),
        (_POOL_DOWN,),
    ),
    "Mixed_6b": _mixed_6(128),
    "Mixed_6c": _mixed_6(160),
    "Mixed_6d": _mixed_6(160),
    "Mixed_6e": _mixed_6(192),
    "Mixed_7a": (
        (_Step("1x1", 192), _Step("3x3", 320, stride=2)),
        (_Step("1x1", 192), _Step("1x7", 192), _Step("7x1", 192), _Step("3x3", 192, stride=2)),
        (_POOL_DOWN,),
    ),
    "Mixed_7b": _MIXED_7,
    "Mixed_7c": _MIXED_7,
}


def end_points(pictures: Tensor, convolve: Convolve, *, width: float) -> dict[str, Tensor]:
    """Returns the output of each of `END_POINTS` for pictures, by name.

    Args:
        pictures: [N, S, S, 3] from -1 to 1, S at least `MIN_PX`.
        convolve: Does one convolution.
        width: Factor of the published numbers of channels; products are rounded to multiples of 8.
    """
    found = {}
    x = pictures
    for name, channels, stride, padding in (
        ("Conv2d_1a_3x3", 32, 2, "valid"),  # 149 x 149 x 32, for pictures of 299 x 299 at width 1
        ("Conv2d_2a_3x3", 32, 1, "valid"),  # 147 x 147 x 32
        ("Conv2d_2b_3x3", 64, 1, "same"),  # 147 x 147 x 64
        ("MaxPool_3a_3x3", 0, 2, "valid"),  # 73 x 73 x 64
        ("Conv2d_3b_1x1", 80, 1, "valid"),  # 73 x 73 x 80
        ("Conv2d_4a_3x3", 192, 1, "valid"),  # 71 x 71 x 192
        ("MaxPool_5a_3x3", 0, 2, "valid"),  # 35 x 35 x 192
    ):
        if channels:
            x = convolve(x, Convolution(name, _scaled(channels, width), _size(name), stride, padding))
        else:
            x = keras.layers.MaxPooling2D(3, stride, padding, name=name)(x)
        found[name] = x
    # 35 x 35 x 256, 288, 288; then 17 x 17 x 768 five times; then 8 x 8 x 1280, 2048, 2048
    for name, branches in _MODULES.items():
        x = found[name] = _module(x, name, branches, convolve, width)
    return found


def model(*, input_px: int, width: float, dimension: int = 128, seed: int | None = None) -> keras.Model:
    """Returns the network that learns: pictures float32 [N, S, S, 3] from -1 to 1 -> vectors [N, dimension].

    Args:
        input_px: S.
        width: See `end_points`.
        dimension: Numbers of a vector.
        seed: Of the first weights; None: another one in each call.

    Raises:
        ValueError: The pictures are smaller than `MIN_PX`.
    """
    if input_px < MIN_PX:
        raise ValueError(f"pictures of {input_px} px are too small for Inception v3: it needs {MIN_PX}")
    seeds = itertools.repeat(None) if seed is None else itertools.count(1000 * seed)
    pictures = keras.Input((input_px, input_px, 3), name="pictures")
    x = end_points(pictures, lambda x, one: _learning(x, one, next(seeds)), width=width)[END_POINTS[-1]]
    x = keras.layers.GlobalAveragePooling2D(name=MEAN)(x)
    first_weights = keras.initializers.GlorotUniform(next(seeds))
    vectors = keras.layers.Dense(dimension, kernel_initializer=first_weights, name=EMBEDDING)(x)
    return keras.Model(pictures, vectors, name="inception_v3")


def norm_name(convolution: str) -> str:
    """Returns the name of the layer of `model` that normalises the output of a convolution."""
    return f"{convolution}.norm"


def convolution_name(convolution: str) -> str:
    """Returns the name of the layer of `model` that convolves; the convolution's own is that of its ReLU."""
    return f"{convolution}.kernel"


def _learning(x: Tensor, one: Convolution, seed: int | None) -> Tensor:
    layers = keras.layers
    x = layers.Conv2D(
        one.channels,
        one.size,
        one.stride,
        one.padding,
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed),
        name=convolution_name(one.name),
    )(x)
    x = layers.BatchNormalization(momentum=_NORM_MOMENTUM, epsilon=NORM_EPSILON, scale=False, name=norm_name(one.name))(
        x
    )
    return layers.ReLU(name=one.name)(x)


def _module(x: Tensor, name: str, branches: _Branches, convolve: Convolve, width: float) -> Tensor:
    """Returns the channels of all branches, joined."""
    found: list[Tensor] = []
    for number, branch in enumerate(branches):
        ends = [x]
        for letter, step in zip("abcde", branch, strict=False):
            ends = list(_steps(ends[0], f"{name}.{number}{letter}", step, convolve, width))
        found += ends
    return keras.layers.Concatenate(name=name)(found)


def _steps(x: Tensor, name: str, step: _Step, convolve: Convolve, width: float) -> Iterator[Tensor]:
    padding = "same" if step.stride == 1 else "valid"
    if not step.channels:
        pool = keras.layers.AveragePooling2D if step.stride == 1 else keras.layers.MaxPooling2D
        yield pool(3, step.stride, padding, name=f"{name}_pool")(x)
        return
    for size in step.sizes.split("+"):
        full = f"{name}_{size}"
        yield convolve(x, Convolution(full, _scaled(step.channels, width), _size(full), step.stride, padding))


def _size(name: str) -> tuple[int, int]:
    """Returns the size that a name ends with."""
    height, width = name.rsplit("_", 1)[1].split("x")
    return int(height), int(width)


def _scaled(channels: int, width: float) -> int:
    return max(_CHANNELS_STEP, round(channels * width / _CHANNELS_STEP) * _CHANNELS_STEP)
