"""JSON to tf.Example and results to JSON, as tensorflow_model_server converts them."""

import json

import grpc
import pytest

from facegrid.tfserving.v1.classification_pb2 import ClassificationResult
from facegrid.tfserving.v1.example_pb2 import Example
from facegrid.tfserving.v1.input_pb2 import Input
from facegrid.tfserving.v1.regression_pb2 import Regression, RegressionResult
from model_server.errors import ServingError
from model_server.rest.examples_request import examples_of
from model_server.rest.examples_response import classifications_json, regressions_json
from model_server.rest.json_parser import parse_object


def feature(**kind) -> Example:
    """An example with one feature, "f"."""
    example = Example()
    for name, values in kind.items():
        getattr(example.features.feature["f"], name).value.extend(values)
    return example


FEATURES = {
    "2.0": feature(float_list=[2.0]),
    "[2.5, 1e3]": feature(float_list=[2.5, 1000.0]),
    "-3.4e38": feature(float_list=[-3.4e38]),
    "[Infinity, -Infinity]": feature(float_list=[float("inf"), float("-inf")]),
    "18446744073709551616": feature(float_list=[2.0**64]),
    "2": feature(int64_list=[2]),
    "[-9223372036854775808, 9223372036854775807]": feature(int64_list=[-(2**63), 2**63 - 1]),
    "[true, 7, false]": feature(int64_list=[1, 7, 0]),
    '"text"': feature(bytes_list=[b"text"]),
    '["\\u00e9", {"b64": "/w=="}, {"b64": "/w"}]': feature(bytes_list=["é".encode(), b"\xff", b"\xff"]),
}


@pytest.mark.parametrize(("text", "expected"), FEATURES.items(), ids=FEATURES)
def test_the_first_value_says_the_kind_of_a_feature(text, expected):
    found = examples_of(parse_object(b'{"examples": [{"f": %s}]}' % text.encode()))
    assert found == Input(example_list={"examples": [expected]})


@pytest.mark.parametrize("text", ["{}", '{"f": []}'])
def test_an_example_may_be_empty(text):
    (found,) = examples_of(parse_object(b'{"examples": [%s]}' % text.encode())).example_list.examples
    assert found.features.feature["f"].WhichOneof("kind") is None


def test_a_context_makes_it_the_other_list():
    document = parse_object(b'{"context": {"f": 1}, "examples": [{"f": "a"}, {}], "signature_name": "s", "more": 0}')
    expected = Input()
    expected.example_list_with_context.context.CopyFrom(feature(int64_list=[1]))
    expected.example_list_with_context.examples.extend([feature(bytes_list=[b"a"]), Example()])
    assert examples_of(document) == expected


MIXED = "Unexpected element type in feature: f expecting type: "
ERRORS = {
    '{"context": []}': "Example must be JSON object but got JSON Array",
    '{"examples": {}}': "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
    '{"examples": []}': "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    "{}": "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    '{"examples": [1]}': "Example must be JSON object but got JSON Number",
    '{"examples": [{}, null]}': "Example must be JSON object but got JSON Null",
    '{"examples": [{"f": null}]}': "Feature: f has element with unexpected JSON type: Null",
    '{"examples": [{"f": [[1]]}]}': "Feature: f has element with unexpected JSON type: Array",
    '{"examples": [{"f": {}}]}': "Feature: f has element with unexpected JSON type: Object",
    '{"examples": [{"f": {"b64": 1}}]}': "Feature: f has element with unexpected JSON type: Object",
    '{"examples": [{"f": {"b64": "*"}}]}': "Unable to base64 decode",
    '{"examples": [{"f": [1, 2.0]}]}': f"{MIXED}int64",
    '{"examples": [{"f": [1, 9223372036854775808]}]}': "Feature: f has uint64 element. Only int64 is supported.",
    '{"examples": [{"f": [2.0, 1]}]}': f"{MIXED}float",
    '{"examples": [{"f": [2.0, true]}]}': f"{MIXED}float",
    '{"examples": [{"f": ["a", 1]}]}': f"{MIXED}bytes",
    '{"examples": [{"f": [1, "a"]}]}': f"{MIXED}int64",
    '{"examples": [{"f": [1, {"b64": "/w=="}]}]}': f"{MIXED}int64",
    '{"examples": [{"f": 1e39}]}': "Cannot convert JSON value: 1e+39 to float without loss of precision.",
    '{"examples": [{"f": -3.5e38}]}': "Cannot convert JSON value: -3.5e+38 to float without loss of precision.",
}


@pytest.mark.parametrize(("text", "error"), ERRORS.items(), ids=ERRORS)
def test_error_has_upstream_text(text, error):
    with pytest.raises(ServingError) as caught:
        examples_of(parse_object(text.encode()))
    assert (caught.value.code, caught.value.message) == (grpc.StatusCode.INVALID_ARGUMENT, error)


def test_classes_are_pairs_laid_out_as_upstream_lays_them_out():
    result = ClassificationResult()
    result.classifications.add().classes.add(label='a"b', score=0.2)
    result.classifications[0].classes.add(score=3)
    result.classifications.add()
    text = classifications_json(result)
    assert text == '{\n    "results": [[["a\\"b", 0.2], ["", 3.0]], []\n    ]\n}'
    assert json.loads(text) == {"results": [[['a"b', 0.2], ["", 3.0]], []]}


def test_regressions_are_numbers():
    result = RegressionResult(regressions=[Regression(value=value) for value in (3, 0.1, float("inf"))])
    assert regressions_json(result) == '{\n    "results": [3.0, 0.1, Infinity]\n}'
