"""Every error of Predict as tensorflow_model_server gives it: request, code and text."""

import grpc

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from facegrid.tfserving.v1.tensor_pb2 import TensorProto, TensorShapeProto
from tests.model_server.helpers.messages import FLOAT, floats, ints, predict_request, tensor

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
X = floats([[1.0]])
VALUES = floats([[1, 2, 3]])
COUNT = ints(2)
NO_DTYPE = tensor(0, (1,))
UNKNOWN_RANK = TensorProto(dtype=FLOAT, tensor_shape=TensorShapeProto(unknown_rank=True), float_val=[1])


def unreadable(proto) -> tuple:
    return predict_request("half_plus_two", {"x": proto}), INVALID, "tensor parsing error: x"


PREDICT_ERRORS = {
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
