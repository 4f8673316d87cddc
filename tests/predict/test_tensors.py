import numpy as np
import pytest

from facegrid.tfserving.v1 import tensor_pb2
from orchestrator.predict.servers.tensors import decode_tensor, encode_tensor


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int32])
def test_arrays_survive_the_way_there_and_back(dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    message = tensor_pb2.TensorProto.FromString(encode_tensor(array).SerializeToString())
    decoded = decode_tensor(message)
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, array)


def test_repeated_fields_are_read_as_tensorflow_serving_writes_them():
    shape = tensor_pb2.TensorShapeProto(dim=[tensor_pb2.TensorShapeProto.Dim(size=n) for n in (2, 2)])
    message = tensor_pb2.TensorProto(dtype=tensor_pb2.DATA_TYPE_FLOAT, tensor_shape=shape, float_val=[1.5, -2, 3, 4])
    np.testing.assert_array_equal(decode_tensor(message), np.array([[1.5, -2], [3, 4]], np.float32))


@pytest.mark.parametrize(
    "message",
    [
        tensor_pb2.TensorProto(dtype=tensor_pb2.DATA_TYPE_STRING),
        tensor_pb2.TensorProto(dtype=tensor_pb2.DATA_TYPE_FLOAT, float_val=[1, 2]),
        tensor_pb2.TensorProto(dtype=tensor_pb2.DATA_TYPE_FLOAT, tensor_content=b"abc"),
    ],
)
def test_what_does_not_fit_is_an_error(message):
    with pytest.raises(ValueError, match=r"data type|reshape|buffer size"):
        decode_tensor(message)
