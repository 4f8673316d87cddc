"""Documents of Predict requests: upstream's own cases (util/json_tensor_test.cc), and what it says of wrong ones."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server.errors import ServingError
from model_server.rest.json_parser import parse_object
from model_server.rest.predict_request import is_in_rows, signature_name, tensors_of_columns, tensors_of_rows

FLOAT, DOUBLE, INT, STRING = (np.dtype(kind) for kind in (np.float32, np.float64, np.int32, object))


def tensors(document, **types):
    parsed = parse_object(document if isinstance(document, bytes) else json.dumps(document).encode())
    signature_name(parsed)
    if is_in_rows(parsed):
        return tensors_of_rows(parsed["instances"], types)
    return tensors_of_columns(parsed["inputs"], types)


def refusal(document, **types) -> str:
    with pytest.raises(ServingError) as caught:
        tensors(document, **types)
    assert caught.value.code.name == "INVALID_ARGUMENT"
    return caught.value.message


SEVERAL = {"ints": INT, "strings": STRING, "floats": FLOAT, "doubles": DOUBLE}


def test_rows_without_a_name():
    assert tensors({"instances": [[1, 2], [3, 4], [5, 6]]}, x=INT)["x"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert tensors({"instances": [1, 2.0, 5.003]}, x=FLOAT)["x"].tolist() == [1, 2, np.float32(5.003)]


def test_rows_of_bytes():
    hello, world = {"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}
    assert tensors({"instances": [hello, world]}, x=STRING)["x"].tolist() == [b"hello", b"world"]
    assert tensors({"instances": [[hello], [world]]}, x=STRING)["x"].tolist() == [[b"hello"], [b"world"]]
    named = tensors({"instances": [{"x": [[hello], [world]]}]}, x=STRING)["x"]
    assert named.tolist() == [[[b"hello"], [b"world"]]]


def test_rows_of_several_names():
    rows = b"""{"instances": [
        {"ints": [[1,2],[3,4],[5,6]], "strings": ["foo", "bar"], "floats": [1.0, NaN], "doubles": [NaN]},
        {"ints": [[7,8],[9,0],[1,2]], "strings": ["baz", "bat"], "floats": [2.0, Infinity], "doubles": [2.0]}]}"""
    found = tensors(rows, **SEVERAL)
    assert found["ints"].tolist() == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]]
    assert found["strings"].tolist() == [[b"foo", b"bar"], [b"baz", b"bat"]]
    np.testing.assert_array_equal(found["floats"], np.float32([[1, np.nan], [2, np.inf]]))
    np.testing.assert_array_equal(found["doubles"], [[np.nan], [2.0]])
    assert {name: array.dtype for name, array in found.items()} == SEVERAL


@pytest.mark.parametrize("inputs", [[[[1, 2], [3, 4]]], {"x": [[[1, 2], [3, 4]]]}])
def test_one_column_needs_no_name(inputs):
    assert tensors({"inputs": inputs}, x=INT)["x"].tolist() == [[[1, 2], [3, 4]]]


def test_columns_may_have_any_shapes_and_surplus_names():
    inputs = {"ints": [[1, 2]], "text": ["foo", "bar"], "bytes": {"b64": "aGVsbG8="}, "other": None}
    found = tensors({"inputs": inputs}, ints=INT, text=STRING, bytes=STRING)
    assert found["text"].tolist() == [b"foo", b"bar"]
    assert (found["bytes"].shape, found["bytes"].item()) == ((), b"hello")


@given(st.data(), st.integers(1, 4), npst.array_shapes(min_dims=0, max_dims=3, max_side=3))
def test_rows_are_columns_transposed(data, count, shape):
    whole = data.draw(npst.arrays(INT, (count, *shape)))
    names = data.draw(npst.arrays(STRING, (count, *shape[:1]), elements=st.text("ab", max_size=2)))
    rows = [{"ints": row.tolist(), "strings": name if isinstance(name, str) else name.tolist()}
            for row, name in zip(whole, names, strict=True)]  # fmt: skip
    by_row = tensors({"instances": rows}, ints=INT, strings=STRING)
    by_column = tensors({"inputs": {"ints": whole.tolist(), "strings": names.tolist()}}, ints=INT, strings=STRING)
    for name in by_column:
        np.testing.assert_array_equal(by_row[name], by_column[name])
    np.testing.assert_array_equal(by_row["ints"], whole)


ELEMENT = "Failed to process element: {} of 'instances' list. Error: INVALID_ARGUMENT: {}"
KEY = "Failed to process element: {} key: {} of 'instances' list. Error: INVALID_ARGUMENT: {}"
DOCUMENT = 'JSON Value: {\n    "inputs": [\n        1\n    ],\n    "instances": [\n        1\n    ]\n} '

WRONG_ROWS = {
    "longer": ([[1, 2], [3, 4], [5, 6, 7]], ELEMENT.format(2, "Expecting tensor size: 2 but got: 3")),
    "deeper": ([[1, 2], [3, 4], [[5, 6]]], ELEMENT.format(2, "Expecting shape [2] but got: [1,2]")),
    "a list after a value": ([1, [1]], ELEMENT.format(1, "Expecting shape [] but got: [1]")),
    "another type": (
        [[1, 2], ["a", "b"]], ELEMENT.format(1, 'JSON Value: "a" Type: String is not of expected type: int32')
    ),
    "ragged": (
        [[1, 2], [3, [4]]], ELEMENT.format(1, "Encountered list at unexpected level: 1 expected < 1")
    ),
    "ragged at once": (
        [[[1], [2, 3]], [[1], [2]]],
        ELEMENT.format(0, "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
    ),
    "an object after a value": ([1, {"x": 1}], "Expecting value/list but got object at item 1 of input list"),
    "a value after an object": ([{"x": 1}, 1], "Expecting object but got list at item 1 of input list"),
    "bytes after an object": ([{"x": 1}, {"b64": ""}], "Expecting object but got list at item 1 of input list"),
    "an unknown name": ([{"y": 1}], KEY.format(0, "y", "JSON object: does not have named input: y")),
    "an unknown name beside": (
        [{"x": 1}, {"x": 1, "y": 1}], KEY.format(1, "y", "JSON object: does not have named input: y")
    ),
    "no name": (
        [{"x": 1}, {}], "Failed to process element: 1 of 'instances' list. JSON object: {} keys must be equal to: x"
    ),
    "a named one that is longer": (
        [{"x": [1, 2]}, {"x": [1]}], KEY.format(1, "x", "Expecting tensor size: 2 but got: 1")
    ),
    "a named one of another shape": (
        [{"x": [[1, 2]]}, {"x": [[1], [2]]}], KEY.format(1, "x", "Expecting shape [1,2] but got: [2,1]")
    ),
    "a named one of another type": (
        [{"x": 1.5}], KEY.format(0, "x", "JSON Value: 1.5 Type: Number is not of expected type: int32")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "text"), WRONG_ROWS.values(), ids=WRONG_ROWS.keys())
def test_the_first_wrong_row_is_told(rows, text):
    assert refusal({"instances": rows}, x=INT) == text


@pytest.mark.parametrize("place", [0, 1, 62, 63, 64, 99])
def test_a_wrong_row_is_found_at_any_place(place):
    rows = [[1, 2]] * 100
    rows[place] = [1]
    if place == 0:  # then it is the second that differs
        assert refusal({"instances": rows}, x=INT) == ELEMENT.format(1, "Expecting tensor size: 1 but got: 2")
    else:
        assert refusal({"instances": rows}, x=INT) == ELEMENT.format(place, "Expecting tensor size: 2 but got: 1")


WRONG_DOCUMENTS = {
    "neither": ({}, "Missing 'inputs' or 'instances' key"),
    "both": (
        {"inputs": [1], "instances": [1]},
        DOCUMENT + "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
    "no list": ({"instances": 1}, "JSON Value: {\n    \"instances\": 1\n} Excepting 'instances' to be an list/array"),
    "no rows": ({"instances": []}, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
    "odd signature": (
        {"signature_name": 5},
        (
            'JSON Value: {\n    "signature_name": 5\n} not formatted correctly. '
            "'signature_name' key must be a string value."
        ),
    ),
    "no column": ({"inputs": {"y": 1}}, "Missing named input: x in 'inputs' object."),
    "a wrong column": ({"inputs": "a"}, 'JSON Value: "a" Type: String is not of expected type: int32'),
}


@pytest.mark.parametrize(("document", "text"), WRONG_DOCUMENTS.values(), ids=WRONG_DOCUMENTS.keys())
def test_errors_of_a_document(document, text):
    assert refusal(document, x=INT) == text


def test_several_inputs_need_names():
    assert refusal({"instances": [1]}, x=INT, y=INT) == (
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map"
    )
    assert refusal({"inputs": [1]}, x=INT, y=INT) == (
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
    )
    assert refusal({"instances": [{"y": 1}]}, x=INT, y=INT).endswith(
        'JSON object: {\n    "y": 1\n} keys must be equal to: x,y'
    )


def test_a_long_value_is_cut_where_it_is_shown():
    text = refusal({"inputs": "a" * 100_000}, x=INT)
    assert len(text) < 5000
    assert "aaa...TRUNCATED Type: String" in text
