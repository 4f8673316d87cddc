"""Compares our messages and tensors with TensorFlow's own, in a process of its own that has TensorFlow.

Prints one JSON object: the name of each check to "" or to what was wrong.

Usage: python -m tests.model_server.wire_checks
"""

import json
import sys
import traceback
from collections.abc import Iterator

from model_server.short_import import shorten_import

shorten_import()

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from google.protobuf.descriptor import FieldDescriptor  # noqa: E402
from google.protobuf.message import Message  # noqa: E402
from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: E402
from tensorflow.core.example import example_pb2  # noqa: E402
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2  # noqa: E402
from tensorflow.core.protobuf import meta_graph_pb2  # noqa: E402
from tensorflow.python.client.session import Session  # noqa: E402
from tensorflow.python.framework import dtypes  # noqa: E402
from tensorflow.python.framework.errors import InvalidArgumentError  # noqa: E402
from tensorflow.python.framework.ops import Graph  # noqa: E402
from tensorflow.python.ops import array_ops, gen_parsing_ops  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2  # noqa: E402

from facegrid.tfserving.v1 import classification_pb2 as lean_classification_pb2  # noqa: E402
from facegrid.tfserving.v1 import example_pb2 as lean_example_pb2  # noqa: E402
from facegrid.tfserving.v1 import inference_pb2 as lean_inference_pb2  # noqa: E402
from facegrid.tfserving.v1 import input_pb2 as lean_input_pb2  # noqa: E402
from facegrid.tfserving.v1 import model_management_pb2 as lean_management_pb2  # noqa: E402
from facegrid.tfserving.v1 import (  # noqa: E402
    model_metadata_pb2,
    model_status_pb2,
)
from facegrid.tfserving.v1 import model_server_config_pb2 as lean_config_pb2  # noqa: E402
from facegrid.tfserving.v1 import predict_pb2 as lean_predict_pb2  # noqa: E402
from facegrid.tfserving.v1 import prediction_log_pb2 as lean_prediction_log_pb2  # noqa: E402
from facegrid.tfserving.v1 import regression_pb2 as lean_regression_pb2  # noqa: E402
from facegrid.tfserving.v1 import tensor_pb2 as lean_tensor_pb2  # noqa: E402
from model_server import tensors  # noqa: E402

PAIRS = [
    (lean_tensor_pb2.TensorProto, tensor_pb2.TensorProto),
    (lean_tensor_pb2.TensorShapeProto, tensor_shape_pb2.TensorShapeProto),
    (lean_predict_pb2.ModelSpec, model_pb2.ModelSpec),
    (lean_predict_pb2.PredictRequest, predict_pb2.PredictRequest),
    (lean_predict_pb2.PredictResponse, predict_pb2.PredictResponse),
    (model_status_pb2.GetModelStatusRequest, get_model_status_pb2.GetModelStatusRequest),
    (model_status_pb2.GetModelStatusResponse, get_model_status_pb2.GetModelStatusResponse),
    (model_metadata_pb2.TensorInfo, meta_graph_pb2.TensorInfo),
    (model_metadata_pb2.SignatureDef, meta_graph_pb2.SignatureDef),
    (model_metadata_pb2.SignatureDefMap, get_model_metadata_pb2.SignatureDefMap),
    (model_metadata_pb2.GetModelMetadataRequest, get_model_metadata_pb2.GetModelMetadataRequest),
    (model_metadata_pb2.GetModelMetadataResponse, get_model_metadata_pb2.GetModelMetadataResponse),
    (lean_config_pb2.ModelServerConfig, model_server_config_pb2.ModelServerConfig),
    (lean_management_pb2.ReloadConfigRequest, model_management_pb2.ReloadConfigRequest),
    (lean_management_pb2.ReloadConfigResponse, model_management_pb2.ReloadConfigResponse),
    (lean_example_pb2.Example, example_pb2.Example),
    (lean_input_pb2.Input, input_pb2.Input),
    (lean_classification_pb2.ClassificationRequest, classification_pb2.ClassificationRequest),
    (lean_classification_pb2.ClassificationResponse, classification_pb2.ClassificationResponse),
    (lean_regression_pb2.RegressionRequest, regression_pb2.RegressionRequest),
    (lean_regression_pb2.RegressionResponse, regression_pb2.RegressionResponse),
    (lean_inference_pb2.MultiInferenceRequest, inference_pb2.MultiInferenceRequest),
    (lean_inference_pb2.MultiInferenceResponse, inference_pb2.MultiInferenceResponse),
    (lean_prediction_log_pb2.PredictionLog, prediction_log_pb2.PredictionLog),
]
SCALARS = {
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_BYTES: b"bytes",
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_FLOAT: 1.5,
    FieldDescriptor.TYPE_DOUBLE: 2.5,
    FieldDescriptor.TYPE_INT32: -3,
    FieldDescriptor.TYPE_INT64: -(2**40),
    FieldDescriptor.TYPE_UINT32: 2**31,
    FieldDescriptor.TYPE_UINT64: 2**63,
    FieldDescriptor.TYPE_FIXED64: 4,
}


def sample(field: FieldDescriptor) -> object:
    if field.type == FieldDescriptor.TYPE_ENUM:
        return max(value.number for value in field.enum_type.values)
    return SCALARS[field.type]


def fill(message: Message, oneof_choice: int) -> None:
    """Sets every field; of a oneof, the member with this index, counted round."""
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[oneof_choice % len(oneof.fields)] is not field:
            continue
        fill_field(message, field, oneof_choice)


def fill_field(message: Message, field: FieldDescriptor, oneof_choice: int) -> None:
    value = getattr(message, field.name)
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    if is_map:
        value_field = field.message_type.fields_by_name["value"]
        if value_field.message_type is None:
            value["key"] = sample(value_field)
        else:
            fill(value["key"], oneof_choice)
    elif field.message_type is not None:
        target = value.add() if field.is_repeated else value
        target.SetInParent()
        fill(target, oneof_choice)
    elif field.is_repeated:
        value.extend([sample(field)] * 2)
    else:
        setattr(message, field.name, sample(field))


def unknown_fields(message: Message, path: str = "") -> Iterator[str]:
    for unknown in UnknownFieldSet(message):
        yield f"{path}#{unknown.field_number}"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            nested = [value[key] for key in value if isinstance(value[key], Message)]
        else:
            nested = list(value) if field.is_repeated else [value]
        for item in nested:
            yield from unknown_fields(item, f"{path}.{field.name}")


def check_pair(lean: type[Message], published: type[Message]) -> None:
    for oneof_choice in range(7):
        ours = lean()
        fill(ours, oneof_choice)
        sent = ours.SerializeToString(deterministic=True)
        theirs = published.FromString(sent)
        assert not list(unknown_fields(theirs)), f"unknown to the published message: {list(unknown_fields(theirs))}"
        assert theirs.SerializeToString(deterministic=True) == sent, "written back, the bytes differ"
        assert lean.FromString(theirs.SerializeToString()) == ours, "read back, the message differs"


def check_names(lean: type[Message], published: type[Message]) -> None:
    """Text files and JSON are read by name: names, numbers and types are the same."""
    for field in lean.DESCRIPTOR.fields:
        theirs = published.DESCRIPTOR.fields_by_name[field.name]
        assert (field.number, field.type, field.is_repeated) == (theirs.number, theirs.type, theirs.is_repeated), (
            field.name
        )


def check_serialized_input() -> None:
    """The bytes of the examples are those that the published messages write."""
    for oneof_choice in range(2):
        published = input_pb2.Input()
        fill(published, oneof_choice)
        sent = published.SerializeToString(deterministic=True)
        ours = lean_input_pb2.SerializedInput.FromString(sent)
        kind = published.WhichOneof("kind")
        assert ours.WhichOneof("kind") == kind
        theirs, lean = getattr(published, kind), getattr(ours, kind)
        assert list(lean.examples) == [example.SerializeToString() for example in theirs.examples]
        if kind == "example_list_with_context":
            assert lean.context == theirs.context.SerializeToString()
        assert ours.SerializeToString(deterministic=True) == sent, "written back, the bytes differ"


def check_enums() -> None:
    for name, number in lean_tensor_pb2.DataType.items():
        if number:
            assert types_pb2.DataType.Value(name.replace("DATA_TYPE_", "DT_")) == number, name
    states = get_model_status_pb2.ModelVersionStatus.State
    for name, number in model_status_pb2.ModelVersionStatus.State.items():
        if number:
            assert states.Value(name.removeprefix("STATE_")) == number, name


# --- Tensors, compared with TensorFlow's C++ ----------------------------------------------------

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


def checks() -> Iterator[tuple[str, object]]:
    for lean, published in PAIRS:
        yield f"wire of {lean.DESCRIPTOR.name}", lambda pair=(lean, published): check_pair(*pair)
        yield f"names of {lean.DESCRIPTOR.name}", lambda pair=(lean, published): check_names(*pair)
    yield "wire of SerializedInput", check_serialized_input
    yield "enums", check_enums
    for name, array in arrays():
        yield f"encoding {name}", lambda array=array: check_encoding(array)
    for name, proto in odd_protos():
        yield f"decoding {name}", lambda proto=proto: check_decoding(proto)


def main() -> None:
    results = {}
    for name, check in checks():
        try:
            check()
            results[name] = ""
        except Exception:  # noqa: BLE001 - it is the result
            results[name] = traceback.format_exc(limit=-2)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
