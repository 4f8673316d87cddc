"""JSON values to tensors, compared with NumPy, with TensorFlow (json_checks.py) and at the ends of ranges."""

import base64
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server.errors import ServingError
from model_server.rest.json_tensors import MAX_RANK, STRING, first_unfit, shape_of, tensor
from tests.support.paths import REPOSITORY

FLOAT, DOUBLE, BOOL, HALF = (np.dtype(kind) for kind in (np.float32, np.float64, np.bool_, np.float16))
INTEGERS = [np.dtype(kind) for kind in (np.int32, np.int64, np.uint32, np.uint64)]
NARROW = [np.dtype(kind) for kind in (np.int8, np.uint8, np.int16)]
SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


def refusal(value, dtype) -> ServingError:
    with pytest.raises(ServingError) as caught:
        tensor(value, dtype)
    return caught.value


def as_sent(shape) -> tuple:
    """The shape that is left of one in JSON: [[], []] does not say what its empty lists are lists of."""
    return shape[: shape.index(0) + 1] if 0 in shape else shape


@given(st.data(), st.sampled_from([FLOAT, DOUBLE, BOOL, *INTEGERS, *NARROW]))
def test_gives_the_array_that_was_sent(data, dtype):
    array = data.draw(npst.arrays(dtype, SHAPES))
    found = tensor(array.tolist(), dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array.reshape(as_sent(array.shape)))


@given(npst.arrays(STRING, SHAPES, elements=st.binary(max_size=5)), st.booleans())
def test_gives_the_bytes_that_were_sent(array, with_padding):
    def written(value: bytes) -> dict[str, str]:
        text = base64.b64encode(value).decode()
        return {"b64": text if with_padding else text.rstrip("=")}

    sent = np.vectorize(written, otypes=[object])(array).tolist() if array.size else array.tolist()
    np.testing.assert_array_equal(tensor(sent, STRING), array.reshape(as_sent(array.shape)))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_its_utf_8(text):
    assert tensor(text, STRING).tolist() == text.encode()


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1), st.sampled_from(NARROW))
def test_narrow_integers_wrap_around_as_in_c(values, dtype):
    expected = [(value - np.iinfo(dtype).min) % 2 ** (8 * dtype.itemsize) + np.iinfo(dtype).min for value in values]
    assert tensor(values, dtype).tolist() == expected


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_the_ends_of_the_range(dtype):
    lowest, highest = np.iinfo(dtype).min, np.iinfo(dtype).max
    assert tensor([int(lowest), int(highest)], dtype).tolist() == [lowest, highest]
    for beyond in (int(lowest) - 1, int(highest) + 1):
        text = f"JSON Value: {beyond} Type: Number is not of expected type: {dtype.name}"
        assert refusal([0, beyond], dtype).message == text


def test_floats_are_rounded_once_from_double_and_may_overflow():
    value = 1 + 2**-24 + 2**-53  # more than half way to the next float, as a double; 2**-53 is lost
    numbers = [16777217, 0.1, 1e300, -1e300, 1e-300, value]
    expected = [16777216.0, np.float32(0.1), np.inf, -np.inf, 0.0, np.float32(value)]
    assert tensor(numbers, FLOAT).tolist() == [float(number) for number in expected]
    assert tensor(2**64 - 1, DOUBLE).tolist() == 2.0**64


WRONG = {
    "text for a number": ("a", FLOAT, 'JSON Value: "a" Type: String is not of expected type: float'),
    "a truth for a number": (True, FLOAT, "JSON Value: true Type: True is not of expected type: float"),
    "a truth for an integer": (False, INTEGERS[0], "JSON Value: false Type: False is not of expected type: int32"),
    "nothing": (None, STRING, "JSON Value: null Type: Null is not of expected type: string"),
    "a decimal for an integer": (1.0, INTEGERS[0], "JSON Value: 1.0 Type: Number is not of expected type: int32"),
    "a number for a truth": (1, BOOL, "JSON Value: 1 Type: Number is not of expected type: bool"),
    "a number for a string": (1.5, STRING, "JSON Value: 1.5 Type: Number is not of expected type: string"),
    "an object for a number": (
        {"b64": "aGk="}, FLOAT, 'JSON Value: {\n    "b64": "aGk="\n} Type: Object is not of expected type: float'
    ),
    "an object for a string": (
        {"b65": 1}, STRING, 'JSON Value: {\n    "b65": 1\n} not formatted correctly for base64 data'
    ),
    "not base64": ({"b64": "a"}, STRING, "Unable to base64 decode"),
    "wrong padding": ({"b64": "aGk=="}, STRING, "Unable to base64 decode"),
    "not base64's letters": ({"b64": "aG-_"}, STRING, "Unable to base64 decode"),
    "longer than the first": (
        [[1], [2, 3]], FLOAT, "Encountered list at unexpected size: 2 at level: 1 expected size: 1"
    ),
    "a value among lists": (
        [[1], 2], FLOAT, "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"
    ),
    "a list among values": ([1, [2]], FLOAT, "Encountered list at unexpected level: 1 expected < 1"),
    "a list in an empty one's place": (
        [[], [1]], FLOAT, "Encountered list at unexpected size: 1 at level: 1 expected size: 0"
    ),
    "the first of several": (
        [[1, 2], [3, "a"], [[]], "b"], FLOAT, 'JSON Value: "a" Type: String is not of expected type: float'
    ),
    "too many dimensions": (
        eval("[" * (MAX_RANK + 1) + "1" + "]" * (MAX_RANK + 1)),
        FLOAT,
        "a tensor of more than 63 dimensions was sent",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("value", "dtype", "text"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_told(value, dtype, text):
    error = refusal(value, dtype)
    assert (error.code.name, error.message) == ("INVALID_ARGUMENT", text)


def test_a_dtype_json_is_not_converted_to():
    error = refusal([1.5], HALF)
    assert (error.code.name, error.message) == ("UNIMPLEMENTED", "Conversion of JSON Value: 1.5 to type: half")
    assert tensor([[]], HALF).shape == (1, 0)


def test_white_space_in_base64_counts_for_nothing():
    assert tensor([{"b64": " aGk\n="}, {"b64": "aGk."}], STRING).tolist() == [b"hi", b"hi"]


VALUES = st.recursive(
    st.integers(0, 9) | st.just("a") | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_takes_what_numpy_takes_as_a_regular_array_of_integers(value):
    """NumPy refuses ragged lists; what is left are arrays of other kinds."""
    try:
        expected = np.array(value)
    except ValueError:
        expected = None
    if expected is not None and expected.size == 0:
        expected = expected.astype(np.int64)
    if expected is not None and expected.dtype == np.int64 and not _has_truths(value):
        np.testing.assert_array_equal(tensor(value, np.dtype(np.int64)), expected.reshape(shape_of(value)))
    else:
        refusal(value, np.dtype(np.int64))


def _has_truths(value) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_has_truths, value)))


@given(st.integers(1, 40), st.data())
def test_the_first_unfit_is_found(count, data):
    unfit = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    assert first_unfit(range(count), lambda part: not unfit & set(part)) == min(unfit)


def test_takes_and_refuses_what_tensorflow_does():
    done = subprocess.run(
        [sys.executable, "-m", "tests.model_server.helpers.json_checks"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["agreed"] > 15_000
