"""One JSON value to one tensor: nested lists give the shape, the signature gives the dtype.

Upstream: `FillTensorProto` and `AddValueToTensor` in util/json_tensor.cc. A value is converted as a whole, at
the speed of NumPy. Only when that fails, a binary search finds the first error in upstream's order.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeVar

import ml_dtypes
import numpy as np

from model_server.errors import ServingError
from model_server.rest import texts
from model_server.rest.json_values import Json
from model_server.run.servable import Array

DType = np.dtype[Any]
Shape = tuple[int, ...]
_Item = TypeVar("_Item")

MAX_RANK = 63
"""One dimension less than NumPy's, for the rows."""

STRING = np.dtype(object)
_BOOL = np.dtype(np.bool_)
_DECIMALS = (np.dtype(np.float32), np.dtype(np.float64))
_INT32 = (-(2**31), 2**31 - 1)
# The whole numbers that are accepted: narrower dtypes accept those of int32 and wrap around as a C cast does.
_RANGES: dict[DType, tuple[int, int]] = {
    np.dtype(np.int32): _INT32,
    np.dtype(np.int16): _INT32,
    np.dtype(np.int8): _INT32,
    np.dtype(np.uint8): _INT32,
    np.dtype(np.int64): (-(2**63), 2**63 - 1),
    np.dtype(np.uint32): (0, 2**32 - 1),
    np.dtype(np.uint64): (0, 2**64 - 1),
}
_CONVERTED = (*_DECIMALS, *_RANGES, _BOOL, STRING)
_NAMES = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(np.float16): "half",
    np.dtype(ml_dtypes.bfloat16): "bfloat16",
    STRING: "string",
}
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)([=.]*)")


def dtype_name(dtype: DType) -> str:
    """Returns TensorFlow's name of a dtype."""
    return _NAMES.get(dtype, dtype.name)


def shape_of(value: Json) -> Shape:
    """Returns the shape according to the first values: () for a value that is not a list, (0,) for an empty list."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def tensor(value: Json, dtype: DType) -> Array:
    """Returns the tensor that a value stands for; strings as an object array of bytes.

    Raises:
        ServingError: It is ragged, or holds something that the dtype does not admit.
    """
    shape = shape_of(value)
    if len(shape) > MAX_RANK:
        raise texts.too_many_dimensions(MAX_RANK)
    array = converted([value], shape, dtype)
    if array is None:
        raise _first_error(value, shape, dtype)
    return array.reshape(shape)


def converted(values: Sequence[Json], shape: Shape, dtype: DType) -> Array | None:
    """Returns values of one shape as an array [N, *shape], or None if one has another shape or does not convert."""
    whole_shape = (len(values), *shape)
    leaves = list(values)
    for size in shape:
        if leaves and (set(map(type, leaves)) != {list} or set(map(len, leaves)) != {size}):
            return None
        leaves = list(chain.from_iterable(leaves))
    if not leaves:
        return np.empty(whole_shape, dtype)
    flat = _flat(leaves, dtype)
    return None if flat is None else flat.reshape(whole_shape)


def is_base64(value: Json) -> bool:
    """Returns whether it is an object that stands for bytes: {"b64": "..."}."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def first_unfit(items: Sequence[_Item], are_fit: Callable[[Sequence[_Item]], bool]) -> int:
    """Returns the index of the first item that is not fit; there is one. `are_fit` sees each item about twice."""
    start, end = 0, len(items)
    while end - start > 1:
        middle = (start + end) // 2
        if are_fit(items[start:middle]):
            start = middle
        else:
            end = middle
    return start


def _flat(leaves: list[Json], dtype: DType) -> Array | None:
    types = set(map(type, leaves))
    if dtype in _DECIMALS and types <= {int, float}:
        with np.errstate(over="ignore"):  # too large for a float is infinite, as in C
            return np.array(leaves, np.float64).astype(dtype)
    if dtype in _RANGES and types == {int}:
        return _whole_numbers(leaves, dtype)
    if dtype == _BOOL and types == {bool}:
        return np.array(leaves, np.bool_)
    if dtype == STRING and types <= {str, dict}:
        return _strings(leaves)
    return None


def _whole_numbers(leaves: list[int], dtype: DType) -> Array | None:
    lowest, highest = _RANGES[dtype]
    if min(leaves) < lowest or max(leaves) > highest:
        return None
    return np.array(leaves, np.uint64 if dtype == np.uint64 else np.int64).astype(dtype)


def _strings(leaves: list[Json]) -> Array | None:
    strings = np.empty(len(leaves), object)
    try:
        strings[:] = [value.encode() if isinstance(value, str) else from_base64(value) for value in leaves]
    except ServingError:
        return None
    return strings


def from_base64(value: Json) -> bytes:
    """Returns the bytes of {"b64": "..."}. As upstream, white space is ignored and padding may be missing."""
    if not is_base64(value):
        raise texts.not_base64(value)
    match = _BASE64.fullmatch("".join(value["b64"].split()))
    if match is None or len(match[2]) not in (0, -len(match[1]) % 4):
        raise texts.undecodable_base64()
    try:
        return b64decode(match[1] + "=" * (-len(match[1]) % 4))
    except binascii.Error as error:
        raise texts.undecodable_base64() from error


def _first_error(value: Json, shape: Shape, dtype: DType) -> ServingError:
    """Returns what is wrong with a value that does not convert: the first thing in reading order."""
    for level in range(len(shape) + 1):
        if not isinstance(value, list):
            if level != len(shape):
                return texts.value_at_wrong_level(value, level, len(shape))
            return _value_error(value, dtype)
        if level == len(shape):
            return texts.list_at_wrong_level(level, len(shape))
        if len(value) != shape[level]:
            return texts.list_of_wrong_size(len(value), level, shape[level])
        inner = shape[level + 1 :]

        def are_fit(part: Sequence[Json], inner: Shape = inner) -> bool:
            return converted(part, inner, dtype) is not None

        value = value[first_unfit(value, are_fit)]
    raise AssertionError("a value that is not a list ends the loop")


def _value_error(value: Json, dtype: DType) -> ServingError:
    if isinstance(value, dict) and dtype == STRING:
        try:
            from_base64(value)
        except ServingError as error:
            return error
    if isinstance(value, dict) or dtype in _CONVERTED:
        return texts.wrong_type(value, dtype_name(dtype))
    return texts.unsupported_type(value, dtype_name(dtype))
