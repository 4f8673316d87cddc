"""From TensorProto to NumPy array and back, by the rules of TensorFlow's C++ `Tensor::FromProto` and `AsProtoField`.

The Python helpers of TensorFlow differ from these rules (`tf.make_ndarray` refuses surplus values, which C++
ignores) and are slower by an order of magnitude.
"""

import math
from typing import Any

import ml_dtypes
import numpy as np

from facegrid.tfserving.v1.tensor_pb2 import DataType, PackedTensorProto, TensorProto
from model_server.run.servable import Array

MAX_FILLED_BYTES = 256 * 1024 * 1024
"""Largest tensor that may be sent with fewer values than elements; the last value, or zero, fills the rest."""

_MAX_ELEMENTS = 2**63 - 1
_MAX_RANK = 64  # NumPy's; TensorFlow's is 254

_NUMPY_TYPES: dict[DataType, np.dtype[Any]] = {
    DataType.DATA_TYPE_FLOAT: np.dtype(np.float32),
    DataType.DATA_TYPE_DOUBLE: np.dtype(np.float64),
    DataType.DATA_TYPE_INT32: np.dtype(np.int32),
    DataType.DATA_TYPE_UINT8: np.dtype(np.uint8),
    DataType.DATA_TYPE_INT16: np.dtype(np.int16),
    DataType.DATA_TYPE_INT8: np.dtype(np.int8),
    DataType.DATA_TYPE_STRING: np.dtype(object),
    DataType.DATA_TYPE_COMPLEX64: np.dtype(np.complex64),
    DataType.DATA_TYPE_INT64: np.dtype(np.int64),
    DataType.DATA_TYPE_BOOL: np.dtype(np.bool_),
    DataType.DATA_TYPE_BFLOAT16: np.dtype(ml_dtypes.bfloat16),
    DataType.DATA_TYPE_UINT16: np.dtype(np.uint16),
    DataType.DATA_TYPE_COMPLEX128: np.dtype(np.complex128),
    DataType.DATA_TYPE_HALF: np.dtype(np.float16),
    DataType.DATA_TYPE_UINT32: np.dtype(np.uint32),
    DataType.DATA_TYPE_UINT64: np.dtype(np.uint64),
}
_DATA_TYPES = {dtype: number for number, dtype in _NUMPY_TYPES.items()}

# dtype to the repeated field of TensorProto that holds its values. Fields named in _PACKED are
# `bytes` in PackedTensorProto: the array's memory is the packed field.
_FIELDS: dict[np.dtype[Any], str] = {
    np.dtype(np.float32): "float_val",
    np.dtype(np.float64): "double_val",
    np.dtype(np.int32): "int_val",
    np.dtype(np.uint8): "int_val",
    np.dtype(np.int16): "int_val",
    np.dtype(np.int8): "int_val",
    np.dtype(np.uint16): "int_val",
    np.dtype(object): "string_val",
    np.dtype(np.complex64): "scomplex_val",
    np.dtype(np.int64): "int64_val",
    np.dtype(np.bool_): "bool_val",
    np.dtype(ml_dtypes.bfloat16): "half_val",
    np.dtype(np.float16): "half_val",
    np.dtype(np.complex128): "dcomplex_val",
    np.dtype(np.uint32): "uint32_val",
    np.dtype(np.uint64): "uint64_val",
}
_PACKED = frozenset({"float_val", "double_val", "scomplex_val", "dcomplex_val", "bool_val"})
_STRING = np.dtype(object)
_BOOL = np.dtype(np.bool_)


class UnreadableTensor(ValueError):
    """The message is not a tensor."""


class OversizedTensor(UnreadableTensor):
    """The message declares a tensor far larger than the values it holds."""

    def __init__(self, shape: tuple[int, ...], needed_bytes: int) -> None:
        super().__init__(f"shape {shape} needs {needed_bytes} bytes")
        self.shape = shape
        self.needed_bytes = needed_bytes


def numpy_type(data_type: DataType) -> np.dtype[Any] | None:
    """Returns NumPy's dtype, object for strings; None where NumPy has none."""
    return _NUMPY_TYPES.get(data_type)


def decode(proto: TensorProto) -> Array:
    """Returns the tensor, read-only where it shares memory with the message; strings as an object array of bytes.

    If values are missing, the last one fills the rest, or zero without any; surplus values are ignored.

    Raises:
        UnreadableTensor: The dtype is missing or unsupported, the rank is unknown, a size is negative, the length of
            `tensor_content` does not fit the shape, or a bool is neither 0 nor 1.
        OversizedTensor: The filled tensor would need more than MAX_FILLED_BYTES.
    """
    dtype = _NUMPY_TYPES.get(proto.dtype)
    if dtype is None:
        raise UnreadableTensor(f"dtype {proto.dtype} is not supported")
    shape = _shape(proto)
    count = math.prod(shape)
    if count > _MAX_ELEMENTS:
        raise UnreadableTensor(f"shape {shape} has more than {_MAX_ELEMENTS} elements")
    if count == 0:
        return _without_elements(shape, dtype)
    content = proto.tensor_content
    flat = _from_content(content, dtype, count) if content else _from_field(proto, dtype, shape, count)
    return flat.reshape(shape)


def _shape(proto: TensorProto) -> tuple[int, ...]:
    if proto.tensor_shape.unknown_rank:
        raise UnreadableTensor("the rank is unknown")
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if len(shape) > _MAX_RANK:
        raise UnreadableTensor(f"rank {len(shape)} is more than {_MAX_RANK}")
    if shape and min(shape) < 0:
        raise UnreadableTensor(f"shape {shape} has a negative size")
    return shape


def _without_elements(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    try:
        return np.empty(shape, dtype)
    except ValueError as error:  # sizes beside the zero that NumPy cannot count
        raise UnreadableTensor(f"shape {shape} is too large") from error


def _from_content(content: bytes, dtype: np.dtype[Any], count: int) -> Array:
    if dtype == _STRING:
        return _strings_from_content(content, count)
    if len(content) != count * dtype.itemsize:
        raise UnreadableTensor(f"{len(content)} bytes were sent, the shape needs {count * dtype.itemsize}")
    if dtype == _BOOL and np.frombuffer(content, np.uint8).max() > 1:
        raise UnreadableTensor("a bool is neither 0 nor 1")
    return np.frombuffer(content, dtype)


def _strings_from_content(content: bytes, count: int) -> Array:
    """Returns the strings of TensorFlow's string list: all lengths as varints, then all bytes."""
    if count > len(content):
        raise UnreadableTensor(f"{len(content)} bytes cannot hold {count} strings")
    sizes = []
    at = 0
    for _ in range(count):
        size, at = _varint(content, at)
        sizes.append(size)
    if at + sum(sizes) != len(content):
        raise UnreadableTensor(f"{len(content)} bytes were sent, the strings need {at + sum(sizes)}")
    strings = np.empty(count, object)
    for index, size in enumerate(sizes):
        strings[index] = content[at : at + size]
        at += size
    return strings


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Returns the number that starts at byte `at`, and where the next one starts."""
    value = shift = 0
    while at < len(content) and shift < 32:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise UnreadableTensor("a length is cut off")


def _from_field(proto: TensorProto, dtype: np.dtype[Any], shape: tuple[int, ...], count: int) -> Array:
    values = _field_values(proto, dtype)
    if len(values) >= count:
        return values[:count]
    if count * dtype.itemsize > MAX_FILLED_BYTES:
        raise OversizedTensor(shape, count * dtype.itemsize)
    filled = np.empty(count, dtype)
    filled[: len(values)] = values
    filled[len(values) :] = values[-1] if len(values) else (b"" if dtype == _STRING else dtype.type(0))
    return filled


def _field_values(proto: TensorProto, dtype: np.dtype[Any]) -> Array:
    name = _FIELDS[dtype]
    field = getattr(proto, name)
    if dtype == _STRING:
        strings = np.empty(len(field), object)
        strings[:] = list(field)
        return strings
    values = np.array(field)
    if name == "half_val":  # the 16 bits, as an int32
        return values.astype(np.uint16).view(dtype)
    if dtype.kind == "c":  # real and imaginary part in turn
        return values[: len(values) // 2 * 2].view(dtype)
    return values.astype(dtype, copy=False)  # narrower integers wrap around, as a C cast does


def data_type(dtype: np.dtype[Any]) -> DataType:
    """Returns TensorFlow's number of a dtype, object for strings; 0 for a dtype without a number."""
    return _DATA_TYPES.get(dtype, DataType.DATA_TYPE_UNSPECIFIED)


def data_type_name(array: Array) -> str:
    """Returns TensorFlow's name of the array's dtype, for example "DT_FLOAT"; "DT_UNSPECIFIED" for others."""
    return DataType.Name(data_type(array.dtype)).replace("DATA_TYPE_", "DT_")


def encode_into(proto: PackedTensorProto, array: Array, *, as_content: bool) -> None:
    """Fills `proto` so that its bytes are those of the TensorProto that tensorflow_model_server would send.

    Args:
        proto: An empty message.
        array: Any supported dtype; strings as an object array of bytes.
        as_content: All values as the bytes of `tensor_content`, instead of in the field of their dtype.

    Raises:
        UnreadableTensor: The dtype is not supported.
    """
    if as_content:
        encode_content_into(proto, array)
        return
    _set_type(proto, array)
    if array.size:
        _set_field(proto, array)


def encode_content_into(proto: PackedTensorProto | TensorProto, array: Array) -> None:
    """Fills either message with an array, its values in `tensor_content`; otherwise as `encode_into`."""
    _set_type(proto, array)
    proto.tensor_content = _content(array)


def _set_type(proto: PackedTensorProto | TensorProto, array: Array) -> None:
    data_type = _DATA_TYPES.get(array.dtype)
    if data_type is None:
        raise UnreadableTensor(f"dtype {array.dtype} is not supported")
    proto.dtype = data_type
    proto.tensor_shape.SetInParent()  # a scalar's shape is present and empty
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)


def _content(array: Array) -> bytes:
    if array.dtype != _STRING:
        return array.tobytes()
    strings = [_as_bytes(value) for value in array.ravel()]
    return b"".join(_encode_varint(len(value)) for value in strings) + b"".join(strings)


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _set_field(proto: PackedTensorProto, array: Array) -> None:
    name = _FIELDS[array.dtype]
    if name in _PACKED:
        setattr(proto, name, array.tobytes())
    elif name == "string_val":
        proto.string_val.extend(_as_bytes(value) for value in array.ravel())
    elif name == "half_val":
        proto.half_val.extend(np.ascontiguousarray(array).view(np.uint16).ravel().tolist())
    else:
        getattr(proto, name).extend(array.ravel().tolist())


def _as_bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
