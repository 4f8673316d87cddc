"""Tensors to JSON: upstream's own cases (util/json_tensor_test.cc), its layout, and that numbers survive."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server.errors import ServingError
from model_server.rest.http_response import error_json
from model_server.rest.json_values import decimals, encoded, quoted
from model_server.rest.predict_response import outputs_json, predictions_json

INTS = np.int32([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]])
WORDS = np.array([[b"hello", b"world"], [b"tf", b"serving"]], object)
WORDS_JSON = [[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]]


def slow_decimal(number: np.floating) -> str:
    """Upstream's rule, one number at a time."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    text = f"{number:g}"
    with np.errstate(over="ignore"):
        if type(number)(float(text)) != number:
            text = f"{number:.{9 if number.dtype == np.float32 else 17}g}"
    return text if "." in text or "e" in text else text + ".0"


def test_decimals_upstream_tests():
    numbers = np.float32([9000000, 999999, 0.5, 0.0003, 0.00003, 555557.5, np.nan, np.inf, 3, -np.inf, 0.2, -0.0])
    assert decimals(numbers) == [
        "9e+06", "999999.0", "0.5", "0.0003", "3e-05", "555557.5", "NaN", "Infinity", "3.0", "-Infinity", "0.2", "-0.0",
    ]  # fmt: skip


@pytest.mark.parametrize(("dtype", "bits"), [(np.float32, np.uint32), (np.float64, np.uint64)])
def test_decimals_of_any_bits(dtype, bits):
    """Across the chunks in which they are formatted, and all exponents."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, np.iinfo(bits).max, 10_000, dtype=bits, endpoint=True).view(dtype)
    assert decimals(numbers) == [slow_decimal(number) for number in numbers]


@given(npst.arrays(np.float64, 20, elements=st.floats(width=64)), st.integers(1, 9), st.booleans())
def test_decimals_of_few_digits(numbers, digits, is_float):
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.array([float(f"{number:.{digits}g}") for number in numbers])
        rounded = rounded.astype(np.float32 if is_float else np.float64)
    assert decimals(rounded) == [slow_decimal(number) for number in rounded]


def test_one_output():
    assert json.loads(predictions_json({"y": INTS})) == {"predictions": INTS.tolist()}
    assert json.loads(outputs_json({"y": INTS})) == {"outputs": INTS.tolist()}
    assert json.loads(predictions_json({"y_bytes": WORDS})) == {"predictions": WORDS_JSON}
    assert json.loads(outputs_json({"y": np.float32(2.5)})) == {"outputs": 2.5}


def test_several_outputs():
    arrays = {
        "double": np.float64([8, 9]),
        "float": np.float32([[1], [2]]),
        "int": INTS,
        "text": WORDS,
        "text_bytes": WORDS,
        "truth": np.array([True, False]),
        "unsigned": np.uint64([0, 2**64 - 1]),
    }
    columns = {
        **{name: array.tolist() for name, array in arrays.items()},
        "text": [["hello", "world"], ["tf", "serving"]],
        "text_bytes": WORDS_JSON,
    }
    assert json.loads(outputs_json(arrays)) == {"outputs": columns}
    rows = [{name: column[row] for name, column in columns.items()} for row in range(2)]
    assert json.loads(predictions_json(arrays)) == {"predictions": rows}


@given(npst.arrays(np.int64, npst.array_shapes(min_dims=0, max_dims=4, min_side=0)))
def test_any_shape(array):
    assert json.loads(outputs_json({"y": array})) == {"outputs": array.tolist()}
    if array.ndim:
        assert json.loads(predictions_json({"y": array})) == {"predictions": array.tolist()}


ROWS = """{
    "predictions": [[2.5, 3.0], [3.5, 4.0]
    ]
}"""
NAMED_ROWS = """{
    "predictions": [
        {
            "raw_bytes": {
                "b64": "aGk="
            },
            "y": [1, 2]
        },
        {
            "raw_bytes": {
                "b64": "/w=="
            },
            "y": [3, 4]
        }
    ]
}"""
BYTES_ROWS = """{
    "predictions": [{
            "b64": "aGk="
        }, {
            "b64": "/w=="
        }
    ]
}"""
COLUMN = """{
    "outputs": [
        [
            1,
            2
        ],
        [
            3,
            4
        ]
    ]
}"""
NAMED_COLUMNS = """{
    "outputs": {
        "raw_bytes": [
            {
                "b64": "aGk="
            },
            {
                "b64": "/w=="
            }
        ],
        "y": [
            [],
            []
        ]
    }
}"""


def test_layout():
    """As RapidJSON's PrettyWriter lays out: rows on one line from the brackets inside, columns never."""
    raw = np.array([b"hi", b"\xff"], object)
    ints = np.int32([[1, 2], [3, 4]])
    assert predictions_json({"y": np.float32([[2.5, 3], [3.5, 4]])}) == ROWS
    assert predictions_json({"y": ints, "raw_bytes": raw}) == NAMED_ROWS
    assert predictions_json({"raw_bytes": raw}) == BYTES_ROWS
    assert outputs_json({"y": ints}) == COLUMN
    assert outputs_json({"y": np.zeros((2, 0)), "raw_bytes": raw}) == NAMED_COLUMNS
    assert predictions_json({"y": np.zeros((0, 2)), "z": np.zeros(0)}) == '{\n    "predictions": []\n}'
    assert error_json('Bad key: "key"\n') == '{\n    "error": "Bad key: \\"key\\"\\n"\n}'


@given(st.text())
def test_strings_are_json(text):
    assert json.loads(quoted(text)) == text


def test_only_what_must_be_is_escaped():
    assert quoted('é"\\/\b\f\n\r\t\x0b\x1f\x7f') == '"é\\"\\\\/\\b\\f\\n\\r\\t\\u000B\\u001F\x7f"'


def test_bytes_that_are_not_text_are_sent_unchanged():
    assert encoded(outputs_json({"y": np.array(b"a\xff", object)})) == b'{\n    "outputs": "a\xff"\n}'


WRONG = {
    "no outputs": ({}, "Cannot convert empty tensor map to JSON"),
    "no rows": ({"y": np.float32(1)}, "Tensor name: y has no shape information "),
    "uneven": (
        {"a": np.zeros((2, 3)), "b": np.zeros((1, 3))},
        "Tensor name: b has inconsistent batch size: 1 expecting: 2",
    ),
    "uneven and empty": (
        {"a": np.zeros((0, 3)), "b": np.zeros((1, 3))},
        "Tensor name: b has inconsistent batch size: 1 expecting: 0",
    ),
    "complex": ({"y": np.complex64([1j])}, "Failed to write JSON value for tensor type: complex64"),
    "half": ({"y": np.float16([1])}, "Failed to write JSON value for tensor type: half"),
    "uint16": ({"y": np.uint16([1])}, "Failed to write JSON value for tensor type: uint16"),
}


@pytest.mark.parametrize(("arrays", "text"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_written_is_told(arrays, text):
    with pytest.raises(ServingError) as caught:
        predictions_json(arrays)
    assert (caught.value.code.name, caught.value.message) == ("INVALID_ARGUMENT", text)
