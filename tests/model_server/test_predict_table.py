"""Every error of Predict: code and text as tensorflow_model_server gives them, and which comes first."""

import grpc
import pytest

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from facegrid.tfserving.v1.tensor_pb2 import TensorProto, TensorShapeProto
from tests.model_server.messages import FLOAT, floats, ints, predict_request, tensor
from tests.model_server.process import ServerProcess

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
X = floats([[1.0]])
VALUES = floats([[1, 2, 3]])
COUNT = ints(2)
NO_DTYPE = tensor(0, (1,))
UNKNOWN_RANK = TensorProto(dtype=FLOAT, tensor_shape=TensorShapeProto(unknown_rank=True), float_val=[1])


def unreadable(proto) -> tuple:
    return predict_request("half_plus_two", {"x": proto}), INVALID, "tensor parsing error: x"


TABLE = {
    "no model_spec": (PredictRequest(), INVALID, "Missing ModelSpec"),
    "empty name": (predict_request(""), INVALID, "ModelSpec has no name specified."),
    "unknown label": (
        predict_request("labelled", label="blue"), INVALID, "Unrecognized servable version label: blue"
    ),
    "unknown label of an unknown model": (
        predict_request("nobody", label="blue"), INVALID, "Unrecognized servable version label: blue"
    ),
    "unknown model": (predict_request("nobody"), NOT_FOUND, "Servable not found for request: Latest(nobody)"),
    "unknown version": (
        predict_request("half_plus_two", version=7),
        NOT_FOUND,
        "Servable not found for request: Specific(half_plus_two, 7)",
    ),
    "version of an unknown model": (
        predict_request("nobody", version=0), NOT_FOUND, "Servable not found for request: Specific(nobody, 0)"
    ),
    "label of a version that is gone": (
        predict_request("labelled", label="gone"), NOT_FOUND, "Servable not found for request: Specific(labelled, 7)"
    ),
    "unknown signature": (
        predict_request("half_plus_two", {"q": X}, signature="S"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "S" not found.',
    ),
    "no inputs": (
        predict_request("half_plus_two"),
        INVALID,
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
    ),
    "too many inputs": (
        predict_request("half_plus_two", {"x": X, "b": X, "a": NO_DTYPE}),
        INVALID,
        ("input size does not match signature: 3!=1 len({a,b,x}) != len({x}). Sent extra: {a,b}. "
        "Missing but required: {}."),
    ),
    "too few inputs without defaults": (
        predict_request("two_inputs", {"values": VALUES}, signature="plain"),
        INVALID,
        ("input size does not match signature: 1!=2 len({values}) != len({count,values}). Sent extra: {}. "
        "Missing but required: {count}."),
    ),
    "too many inputs with defaults": (
        predict_request("two_inputs", {"values": VALUES, "count": COUNT, "z": X}),
        INVALID,
        ("input size does not match signature: 3!=2 len({count,values,z}) != len({count,values}). Sent extra: {z}. "
        "Missing but required: {}."),
    ),
    "wrong name": (
        predict_request("half_plus_two", {"z": X}),
        INVALID,
        ("Signature input alias: x(feed name: x:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {z}, or default input alias set: "),
    ),
    "missing without a default where another has one": (
        predict_request("two_inputs", {"count": COUNT}),
        INVALID,
        ("Signature input alias: values(feed name: values:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {count}, or default input alias set: count"),
    ),
    "extra name hidden by a default": (
        predict_request("two_inputs", {"values": VALUES, "z": X}),
        INVALID,
        "Inputs contains invalid name. Used request inputs: values, request input: values,z",
    ),
    "unreadable comes before hidden": (
        predict_request("two_inputs", {"values": NO_DTYPE, "z": X}), INVALID, "tensor parsing error: values"
    ),
    "no dtype": unreadable(NO_DTYPE),
    "an unsupported dtype": unreadable(tensor(20, (1,))),
    "negative size": unreadable(tensor(FLOAT, (-1, 1), float_val=[1])),
    "more elements than can be counted": unreadable(tensor(FLOAT, (2**62, 4), float_val=[1])),
    "unknown rank": unreadable(UNKNOWN_RANK),
    "content too short": unreadable(tensor(FLOAT, (1, 1), tensor_content=b"123")),
    "content too long": unreadable(tensor(FLOAT, (1, 1), tensor_content=b"12345678")),
    "unknown output": (
        predict_request("two_inputs", {"values": VALUES}, outputs=("total", "q", "total")),
        INVALID,
        "output tensor alias not found in signature: q Outputs expected to be in the set {scaled,total}.",
    ),
    "output twice": (
        predict_request("half_plus_two", {"x": X}, outputs=("y", "y")), INVALID, "duplicate output tensor alias: y"
    ),
    "output is checked before the dtype": (
        predict_request("half_plus_two", {"x": ints([[1]])}, outputs=("y", "y")),
        INVALID,
        "duplicate output tensor alias: y",
    ),
    "wrong dtype": (
        predict_request("half_plus_two", {"x": ints([[1]])}),
        INVALID,
        "Expects arg[0] to be float but int32 is provided",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "code", "text"), TABLE.values(), ids=TABLE.keys())
def test_error_has_upstream_code_and_text(server: ServerProcess, request_, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(request_)
    assert (caught.value.code(), caught.value.details()) == (code, text)


def test_wrong_shape_is_answered_in_the_words_of_the_operation(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("matmul", {"x": floats([[1, 2, 3], [4, 5, 6]])}))
    assert caught.value.code() == INVALID
    assert caught.value.details().startswith("Matrix size-incompatible: In[0]: [2,3], In[1]: [4,2]\n\t [[{{node ")


def test_long_messages_are_cut(server):
    name = "m" * 2000
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request(name))
    whole = f"Servable not found for request: Latest({name})"
    assert caught.value.details() == whole[:1024] + "...TRUNCATED"


def test_the_request_that_failed_leaves_the_signature_as_it_was(server):
    """A look-up of an unknown key in a protobuf map would add it to the signature."""
    for alias in ("z", "zz"):
        with pytest.raises(grpc.RpcError):
            server.predict(predict_request("half_plus_two", {alias: X}, signature="serving_default"))
    response = server.predict(predict_request("half_plus_two", {"x": X}))
    assert list(response.outputs) == ["y"]


@pytest.mark.usefixtures("embedded_only")
def test_a_huge_tensor_of_one_value_is_refused(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("half_plus_two", {"x": tensor(FLOAT, (2**40, 1), float_val=[1])}))
    assert caught.value.code() == INVALID
    assert caught.value.details().startswith(
        "tensor parsing error: x: shape [1099511627776,1] needs 4398046511104 bytes"
    )


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("shape", [(0, 2**40, 2**40), (1,) * 65])
def test_a_shape_that_numpy_cannot_hold_is_refused(server, shape):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("half_plus_two", {"x": tensor(FLOAT, shape, float_val=[1])}))
    assert (caught.value.code(), caught.value.details()) == (INVALID, "tensor parsing error: x")
