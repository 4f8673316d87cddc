"""Arrays to TensorFlow's tensor messages and back, without TensorFlow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facegrid.tfserving.v1 import tensor_pb2

_DTYPES: dict[tensor_pb2.DataType, tuple[np.dtype[Any], str]] = {
    tensor_pb2.DATA_TYPE_FLOAT: (np.dtype(np.float32), "float_val"),
    tensor_pb2.DATA_TYPE_INT32: (np.dtype(np.int32), "int_val"),
    tensor_pb2.DATA_TYPE_UINT8: (np.dtype(np.uint8), "int_val"),
    tensor_pb2.DATA_TYPE_UINT16: (np.dtype(np.uint16), "int_val"),
    tensor_pb2.DATA_TYPE_INT64: (np.dtype(np.int64), "int64_val"),
}
_NUMBERS = {dtype: number for number, (dtype, _) in _DTYPES.items()}


def encode_tensor(array: NDArray[Any]) -> tensor_pb2.TensorProto:
    """Returns a message with the array's bytes as its content.

    Args:
        array: Of a dtype that the networks take (`exporters.signatures`).
    """
    shape = tensor_pb2.TensorShapeProto(dim=[tensor_pb2.TensorShapeProto.Dim(size=size) for size in array.shape])
    return tensor_pb2.TensorProto(dtype=_NUMBERS[array.dtype], tensor_shape=shape, tensor_content=array.tobytes())


def decode_tensor(message: tensor_pb2.TensorProto) -> NDArray[Any]:
    """Returns the array in a message; it may share the message's memory and is read-only then.

    TensorFlow Serving writes repeated fields unless it is told otherwise
    (--enable_serialization_as_tensor_content), so both forms occur.

    Raises:
        ValueError: No network returns this dtype, or the values do not fill the shape.
    """
    if message.dtype not in _DTYPES:
        raise ValueError(f"tensor of data type {message.dtype}")
    dtype, repeated_field = _DTYPES[message.dtype]
    flat: NDArray[Any]
    if message.tensor_content:
        flat = np.frombuffer(message.tensor_content, dtype)
    else:
        flat = np.array(getattr(message, repeated_field), dtype)
    return flat.reshape([dim.size for dim in message.tensor_shape.dim])
