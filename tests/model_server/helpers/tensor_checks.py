"""Compares our tensors with TensorFlow's C++; wire_checks.py runs it, after the short import."""

from collections.abc import Iterator

import ml_dtypes
import numpy as np
from google.protobuf.message import Message
from tensorflow.core.framework import tensor_pb2
from tensorflow.python.client.session import Session
from tensorflow.python.framework import dtypes
from tensorflow.python.framework.errors import InvalidArgumentError
from tensorflow.python.framework.ops import Graph
from tensorflow.python.ops import array_ops, gen_parsing_ops

from facegrid.tfserving.v1 import tensor_pb2 as lean_tensor_pb2
from model_server.run import tensor_proto as tensors
from tests.model_server.helpers.message_fields import unknown_fields

DTYPES = [
    "float32",
    "float64",
    "int32",
    "uint8",
    "int16",
    "int8",
    "complex64",
    "int64",
    "bool",
    "uint16",
    "complex128",
    "float16",
    "uint32",
    "uint64",
]


def arrays() -> Iterator[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    for name in DTYPES:
        for shape in ((), (0, 3), (2, 3)):
            yield f"{name} {shape}", rng.integers(0, 2 if name == "bool" else 256, shape).astype(name)
    yield "bfloat16", np.array([1, -2.5], ml_dtypes.bfloat16)
    yield "float32 strided", np.arange(12, dtype=np.float32).reshape(3, 4).T
    yield "float32 special", np.array([np.inf, -np.inf, np.nan, -0.0], np.float32)
    yield "int64 extremes", np.array([-(2**63), 2**63 - 1, 0])
    yield "strings", np.array([b"", b"\xff", b"a" * 300], object)


def cpp_content(array: np.ndarray) -> bytes:
    """Returns what Tensor::AsProtoTensorContent makes of the array."""
    dtype = dtypes.string if array.dtype == object else dtypes.as_dtype(array.dtype)
    with Graph().as_default(), Session() as session:
        x = array_ops.placeholder(dtype)
        return session.run(gen_parsing_ops.serialize_tensor(x), {x: array})


def cpp_decode(proto: Message, dtype: int) -> np.ndarray:
    """Returns what Tensor::FromProto makes of the message; InvalidArgumentError if nothing."""
    with Graph().as_default(), Session() as session:
        return session.run(gen_parsing_ops.parse_tensor(proto.SerializeToString(), dtypes.as_dtype(dtype)))


def encoded(array: np.ndarray, *, as_content: bool) -> Message:
    proto = lean_tensor_pb2.PackedTensorProto()
    tensors.encode_into(proto, array, as_content=as_content)
    return proto


def check_encoding(array: np.ndarray) -> None:
    if array.dtype != object:  # TensorFlow's op writes strings in their field; see check_decoding for content
        assert encoded(array, as_content=True).SerializeToString() == cpp_content(array), "tensor_content differs"
    ours = encoded(array, as_content=False).SerializeToString()
    published = tensor_pb2.TensorProto.FromString(ours)
    assert not list(unknown_fields(published))
    assert published.SerializeToString() == ours, "not as TensorFlow writes these fields"
    same(cpp_decode(published, published.dtype), array)
    for as_content in (False, True):
        lean = lean_tensor_pb2.TensorProto.FromString(encoded(array, as_content=as_content).SerializeToString())
        same(tensors.decode(lean), array)
        same(cpp_decode(lean, lean.dtype), array)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype or object in (found.dtype, expected.dtype), (found.dtype, expected.dtype)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    if object in (found.dtype, expected.dtype):
        assert [bytes(value) for value in found.ravel()] == [bytes(value) for value in expected.ravel()]
    else:
        assert found.tobytes() == expected.tobytes(), (found, expected)


def odd_protos() -> Iterator[tuple[str, Message]]:
    """Messages that are not what an encoder writes."""

    def proto(dtype, shape, **fields):
        message = lean_tensor_pb2.TensorProto(dtype=dtype, **fields)
        message.tensor_shape.SetInParent()
        for size in shape:
            message.tensor_shape.dim.add(size=size)
        return message

    yield "splat", proto(1, [5], float_val=[1, 2])
    yield "no values", proto(1, [2, 2])
    yield "surplus values", proto(1, [1], float_val=[1, 2])
    yield "another field's values", proto(1, [2], int_val=[3])
    yield "content before field", proto(1, [1], float_val=[3], tensor_content=b"\0\0\0\0")
    yield "no elements, content ignored", proto(1, [0, 7], tensor_content=b"123")
    yield "content short", proto(1, [2], tensor_content=b"1234")
    yield "content long", proto(1, [1], tensor_content=b"12345678")
    yield "negative size", proto(1, [-1])
    yield "negative size and zero", proto(1, [0, -1])
    yield "overflow", proto(1, [2**40, 2**40])
    yield "dtype 0", proto(0, [1])
    yield "reference dtype", proto(101, [1], float_val=[1])
    yield "bool of 2", proto(10, [2], tensor_content=b"\x02\x01")
    yield "uint8 wraps", proto(4, [2], int_val=[300, -1])
    yield "int8 wraps", proto(6, [1], int_val=[-300])
    yield "uint16 wraps", proto(17, [1], int_val=[-1])
    yield "half bits beyond 16", proto(19, [1], half_val=[15360 + 65536])
    yield "half splat", proto(19, [3], half_val=[15360])
    yield "complex of odd count", proto(8, [2], scomplex_val=[1, 2, 3])
    yield "complex of one number", proto(8, [2], scomplex_val=[1])
    yield "string splat", proto(7, [3], string_val=[b"a"])
    yield "no strings", proto(7, [2])
    yield "string content", proto(7, [2], tensor_content=b"\x01\x02abc")
    yield "string content short", proto(7, [2], tensor_content=b"\x01\x02ab")
    yield "string content long", proto(7, [2], tensor_content=b"\x01\x02abcd")
    yield "string length cut", proto(7, [2], tensor_content=b"\x01\x80")
    yield "no shape is a scalar", lean_tensor_pb2.TensorProto(dtype=1, float_val=[1, 2])


def check_decoding(proto: Message) -> None:
    try:
        expected = cpp_decode(proto, proto.dtype % 100 or 1)
    except InvalidArgumentError:
        expected = None
    try:
        found = tensors.decode(proto)
    except tensors.UnreadableTensor:
        found = None
    assert (found is None) == (expected is None), f"TensorFlow: {expected!r}, we: {found!r}"
    if expected is not None:
        same(found, expected)
