"""The REST API of a running server: upstream's own scenarios, statuses and texts, and gRPC's answers as truth."""

import json

import numpy as np
import pytest

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from model_server.run.tensor_proto import decode
from tests.model_server.helpers.messages import floats, predict_request, tensor
from tests.model_server.helpers.predict_errors import PREDICT_ERRORS
from tests.model_server.helpers.rest_calls import call, get, predict

STATUS = {
    "model_version_status": [
        {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
}


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two/versions/123", "labelled/labels/stable"])
def test_predict(server, model):
    answer = predict(server, model, {"instances": [[2.0], [1.0]]})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == b'{\n    "predictions": [[3.0], [2.5]\n    ]\n}'
    assert predict(server, model, {"inputs": [[2.0]], "signature_name": "serving_default"}).json == {"outputs": [[3.0]]}
    assert predict(server, model, {"inputs": {"x": [[2.0]]}}).json == {"outputs": [[3.0]]}


def test_several_inputs_and_outputs(server):
    columns = {"signature_name": "plain", "inputs": {"values": [[1, 2, 3]], "count": 2}}
    assert predict(server, "two_inputs", columns).json == {"outputs": {"scaled": [[2.0, 4.0, 6.0]], "total": [12.0]}}


def test_bytes_and_text(server):
    raw = {"b64": "/w=="}
    rows = predict(server, "words", {"instances": ["a\u00e9", raw]})
    assert rows.body == (
        b'{\n    "predictions": [\n        {\n            "length": 3,\n            "raw_bytes": {\n'
        b'                "b64": "YcOp"\n            },\n            "text": "a\xc3\xa9"\n        },\n        {\n'
        b'            "length": 1,\n            "raw_bytes": {\n                "b64": "/w=="\n            },\n'
        b'            "text": "\xff"\n        }\n    ]\n}'
    )
    assert predict(server, "words", {"signature_name": "bytes", "inputs": raw}).json == {"outputs": raw}


ECHOED = {
    "float32": [0.1, 1e300, float("nan"), -np.inf, 16777217],
    "float64": [0.1, 1e300, 2**63],
    "int32": [-(2**31), 2**31 - 1],
    "uint8": [0, 255, 256, -1],
    "int16": [-32768, 32767, 32768],
    "int8": [-128, 127, 128],
    "int64": [-(2**63), 2**63 - 1],
    "bool": [True, False],
    "uint32": [0, 2**32 - 1],
    "uint64": [0, 2**64 - 1],
}


@pytest.mark.parametrize("name", ECHOED)
def test_numbers_are_what_gRPC_makes_of_them(server, name):  # noqa: N802 - its name
    """The same numbers in the fields of a TensorProto, which upstream fills from JSON, through the same network."""
    numbers = ECHOED[name]
    fields = {"float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val"}
    field = fields.get(name, f"{name}_val" if name.startswith("uint") and name != "uint8" else "int_val")
    types = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10}
    proto = tensor(types.get(name, 22 if name == "uint32" else 23), (len(numbers),), **{field: numbers})
    expected = decode(server.predict(predict_request("echo", {"x": proto}, signature=name)).outputs["y"])
    found = predict(server, "echo", {"signature_name": name, "instances": numbers}).json["predictions"]
    np.testing.assert_array_equal(np.array(found, expected.dtype), expected)


def test_a_large_tensor_comes_back_as_it_was(server):
    numbers = np.random.default_rng(0).standard_normal((40, 50, 60), np.float32)
    body = {"signature_name": "float32", "instances": numbers.tolist()}
    found = np.array(predict(server, "echo", body).json["predictions"], np.float32)
    np.testing.assert_array_equal(found, numbers)


@pytest.mark.parametrize("path", ["half_plus_two", "half_plus_two/versions/123", "labelled/labels/anything"])
def test_status(server, path):
    answer = get(server, f"/v1/models/{path}")
    assert (answer.status, answer.headers["content-type"], answer.json) == (200, "application/json", STATUS)
    assert answer.body.startswith(b'{\n "model_version_status": [\n  {\n   "version": "123",\n')
    assert answer.body.endswith(b"\n}\n")


def test_metadata(server):
    answer = get(server, "/v1/models/labelled/labels/stable/metadata")
    assert answer.json["model_spec"] == {"name": "labelled", "version": "123", "signature_name": ""}
    signatures = answer.json["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["inputs"] == {
        "x": {
            "name": "x:0",
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": False},
        }
    }
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    assert signatures["serving_default"]["defaults"] == {}


def test_metadata_has_defaults_and_unknown_ranks(server):
    two = get(server, "/v1/models/two_inputs/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert two["serving_default"]["defaults"]["count"]["int_val"] == [2]
    echo = get(server, "/v1/models/echo/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert echo["bfloat16"]["inputs"]["x"]["dtype"] == "DT_BFLOAT16"
    assert echo["bfloat16"]["inputs"]["x"]["tensor_shape"] == {"dim": [], "unknown_rank": True}


ONE = {"instances": [1.0]}
REFUSED = {
    "unknown model": ("nobody", ONE, 404, "Servable not found for request: Latest(nobody)"),
    "unknown version": (
        "half_plus_two/versions/7", ONE, 404, "Servable not found for request: Specific(half_plus_two, 7)"
    ),
    "unknown label": ("labelled/labels/blue", ONE, 400, "Unrecognized servable version label: blue"),
    "label of a version that is gone": (
        "labelled/labels/gone", ONE, 404, "Servable not found for request: Specific(labelled, 7)"
    ),
    "unknown signature": (
        "half_plus_two", {"signature_name": "S", **ONE}, 400, 'Serving signature name: "S" not found in signature def'
    ),
    "no default signature": ("echo", ONE, 400, 'Serving signature name: "serving_default" not found in signature def'),
    "not JSON comes before the model": ("nobody", b"instances", 400, "JSON Parse error: Invalid value. at offset: 0"),
    "the signature's name comes before the model": (
        "nobody",
        {"signature_name": 5},
        400,
        ('JSON Value: {\n    "signature_name": 5\n} not formatted correctly. '
        "'signature_name' key must be a string value."),
    ),
    "the model comes before the instances": ("nobody", {}, 404, "Servable not found for request: Latest(nobody)"),
    "no body": ("half_plus_two", b"", 400, "JSON Parse error: The document is empty"),
    "wrong type": (
        "half_plus_two",
        {"instances": ["a"]},
        400,
        ("Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
        'JSON Value: "a" Type: String is not of expected type: float'),
    ),
    "a dtype JSON has no numbers for": (
        "echo", {"signature_name": "half", "inputs": 1}, 501, "Conversion of JSON Value: 1 to type: half"
    ),
    "an output without rows": (
        "rows", {"signature_name": "odd", "instances": [[1]]}, 400, "Tensor name: scalar has no shape information "
    ),
    "every input is wanted": (
        "two_inputs", {"inputs": {"values": [[1, 2, 3]]}}, 400, "Missing named input: count in 'inputs' object."
    ),
}  # fmt: skip


@pytest.mark.parametrize(("model", "body", "status", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(server, model, body, status, text):
    answer = predict(server, model, body)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert json.loads(answer.body) == {"error": text}


def test_an_output_without_rows_is_answered_in_columns(server):
    assert predict(server, "slow", {"inputs": 1}).json == {"outputs": 256.0}


def test_what_the_network_refuses_is_told_in_its_words(server):
    answer = predict(server, "matmul", {"instances": [[1, 2, 3], [4, 5, 6]]})
    assert answer.status == 400
    assert answer.error.startswith("Matrix size-incompatible: In[0]: [2,3], In[1]: [4,2]\n\t [[{{node ")


@pytest.mark.parametrize("path", ["/v1/models/nobody", "/v1/models/half_plus_two/versions/7"])
def test_status_of_what_is_not_there(server, path):
    answer = get(server, path)
    text = "any versions of model nobody" if "nobody" in path else "version 7 of model half_plus_two"
    assert (answer.status, answer.error) == (404, f"Could not find {text}")


def test_what_is_not_a_request(server):
    assert get(server, "/v1/models").error == "Missing model name in request."
    for method, path in (("PUT", "/v1/models/echo"), ("GET", "/v1/foo?a=b"), ("OPTIONS", "/v1/models/echo")):
        answer = call(server, method, path)
        assert (answer.status, answer.error) == (400, f"Malformed request: {method} {path}")


def test_the_request_table_of_grpc_holds_where_rest_can_ask_the_same(server):
    """What is wrong with the model named is refused in the same words."""
    compared = 0
    for request, code, text in PREDICT_ERRORS.values():
        spec = request.model_spec if isinstance(request, PredictRequest) else None
        if spec is None or not spec.name or spec.signature_name or not text.startswith(("Servable", "Unrecognized")):
            continue
        place = {"version": f"/versions/{spec.version.value}", "version_label": f"/labels/{spec.version_label}"}
        answer = predict(server, spec.name + place.get(spec.WhichOneof("version_choice"), ""), ONE)
        assert (answer.status, answer.error) == (404 if code.name == "NOT_FOUND" else 400, text)
        compared += 1
    assert compared == 6


def test_grpc_and_rest_answer_the_same(server):
    x = [[0.1], [-7.25], [1e30]]
    answered = decode(server.predict(predict_request("half_plus_two", {"x": floats(x)})).outputs["y"])
    found = np.array(predict(server, "half_plus_two", {"instances": x}).json["predictions"], np.float32)
    np.testing.assert_array_equal(found, answered)
