"""Reads the parameters from a file of dlib's, without dlib.

    loss | headers, outermost layer first | input | the first layer, then the others in the order of execution

dlib nests its layers, and writes the nested layer before its own fields. So all headers come first, and the layers'
fields follow from the input to the output. A tag or skip layer has a header and no fields. Reading executes nothing.
Formats: dlib/serialize.h, dlib/dnn/core.h and dlib/dnn/layers.h of dlib 20. Only the kinds of layers that the
published face recognition network has are supported.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from exporters.errors import WeightsError
from exporters.weights.arrays import Float32Array

_LOSS = "loss_metric_2"
_INPUT = "input_rgb_image_sized"
_LARGEST = float(np.finfo(np.float32).max)
_INNERMOST = 3
"""Version of the header of the layer next to the input; the other headers have lower ones."""


@dataclass(frozen=True)
class DlibLayer:
    """One layer of the file."""

    kind: str
    """dlib's name with the version of the fields, such as `con_4`."""
    parameters: tuple[Float32Array, ...]
    """`con_4`: kernel [H, W, in, out] and bias; `affine_`: gamma and beta; `fc_2`: kernel [in, out]; else none."""


def read_layers(content: bytes, *, source: str) -> Iterator[DlibLayer]:
    """Yields the layers in the order of execution; the first is the input with its mean colour [3].

    Args:
        content: The whole file.
        source: Its name, for messages.

    Raises:
        WeightsError: A field is not what is expected at its place, or bytes are left over.
    """
    file = _Reader(content, source)
    file.expect(file.integer(), 1, "the version of the loss")
    file.expect(file.text(), _LOSS, "the loss")
    file.numbers(2)  # margin and threshold of the training
    while file.integer() != _INNERMOST:
        pass
    file.expect(file.text(), _INPUT, "the input")
    yield DlibLayer(_INPUT, (np.array(file.numbers(3), np.float32),))
    file.integers(2)  # its sides
    yield _layer(file)
    file.expect(file.integer(), 1, "the number of samples for each input")
    while not file.at_end():
        yield _layer(file)


def _layer(file: "_Reader") -> DlibLayer:
    kind = file.text()
    if kind not in _FIELDS:
        raise file.error(f"a layer of the kind {kind[:40]!r}, expected one of {', '.join(_FIELDS)}")
    parameters = _FIELDS[kind](file)
    file.skip(3)  # flags of training
    for _ in range(3):  # gradients and the last output, all empty in a published network
        file.tensor()
    return DlibLayer(kind, parameters)


def _convolution(file: "_Reader") -> tuple[Float32Array, ...]:
    both = file.tensor()
    file.integers(7)  # number of filters, sides, strides, paddings
    filters, biases = file.shape(), file.shape()
    file.numbers(4)  # rates of learning
    kernel, bias = file.split(both, math.prod(filters), math.prod(biases))
    return np.ascontiguousarray(kernel.reshape(filters).transpose(2, 3, 1, 0)), bias  # dlib: out, in, height, width


def _affine(file: "_Reader") -> tuple[Float32Array, ...]:
    both = file.tensor()
    sizes = math.prod(file.shape()), math.prod(file.shape())
    file.integer()  # for each channel
    return file.split(both, *sizes)


def _fully_connected(file: "_Reader") -> tuple[Float32Array, ...]:
    outputs, inputs = file.integers(2)
    kernel = file.tensor()
    file.shape(), file.shape()
    file.integer()  # without bias
    file.numbers(4)
    file.expect(kernel.size, inputs * outputs, "the number of weights of fc_2")
    return (kernel.reshape(inputs, outputs),)


def _pool(file: "_Reader") -> tuple[Float32Array, ...]:
    file.integers(6)  # sides, strides, paddings
    return ()


_FIELDS: dict[str, Callable[["_Reader"], tuple[Float32Array, ...]]] = {
    "con_4": _convolution,
    "affine_": _affine,
    "fc_2": _fully_connected,
    "max_pool_2": _pool,
    "avg_pool_2": _pool,
    "relu_": lambda _: (),
    "add_prev_": lambda _: (),
}


class _Reader:
    """Reads dlib's primitives one after the other."""

    def __init__(self, content: bytes, source: str) -> None:
        self._content = content
        self._source = source
        self._at = 0

    def error(self, found: str) -> WeightsError:
        return WeightsError(f"{self._source}: at byte {self._at} of {len(self._content)} is {found}")

    def expect(self, found: object, expected: object, what: str) -> None:
        if found != expected:
            raise self.error(f"{what}: {found!r}, expected {expected!r}")

    def at_end(self) -> bool:
        return self._at == len(self._content)

    def skip(self, count: int) -> bytes:
        piece = self._content[self._at : self._at + count]
        if len(piece) != count:
            raise self.error(f"the end, expected {count} more bytes")
        self._at += count
        return piece

    def integer(self) -> int:
        """Returns the next whole number.

        It is a byte with the sign in bit 7 and the size in its lower four bits, then the magnitude, low byte first.
        """
        (control,) = self.skip(1)
        size = control & 0x0F
        if control & 0x70 or not 1 <= size <= 8:
            raise self.error(f"the byte {control:#04x}, expected the size of a whole number, 1 to 8")
        magnitude = int.from_bytes(self.skip(size), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def numbers(self, count: int) -> list[float]:
        """Returns the next floating-point numbers; each is a mantissa and an exponent of two, both whole."""
        pairs = [self.integers(2) for _ in range(count)]
        try:
            values = [math.ldexp(mantissa, exponent) for mantissa, exponent in pairs]
        except OverflowError:
            values = [math.inf]
        if max(map(abs, values)) > _LARGEST:
            raise self.error("a number that is not a float32")
        return values

    def text(self) -> str:
        size = self.integer()
        if not 0 <= size <= len(self._content):
            raise self.error(f"a text of {size} bytes")
        return self.skip(size).decode("ascii", errors="replace")

    def tensor(self) -> Float32Array:
        """Returns the values of the next tensor, flat."""
        self.expect(self.integer(), 2, "the version of a tensor")
        return np.frombuffer(self.skip(4 * math.prod(self._sizes())), "<f4").astype(np.float32, copy=False)

    def shape(self) -> tuple[int, ...]:
        """Returns the sizes of the next part of a tensor."""
        self.expect(self.integer(), 1, "the version of a part of a tensor")
        return self._sizes()

    def split(self, values: Float32Array, *sizes: int) -> tuple[Float32Array, Float32Array]:
        self.expect(values.size, sum(sizes), "the number of parameters")
        return values[: sizes[0]], values[sizes[0] :]

    def _sizes(self) -> tuple[int, ...]:
        sizes = tuple(self.integers(4))
        if min(sizes) < 0:
            raise self.error(f"a tensor with the sizes {list(sizes)}")
        return sizes
