"""What is JSON, and the errors for what is not: RapidJSON's own words and offsets."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.errors import ServingError
from model_server.rest.json_parser import parse_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refusal(body: bytes) -> str:
    with pytest.raises(ServingError) as caught:
        parse_object(body)
    assert caught.value.code.name == "INVALID_ARGUMENT"
    return caught.value.message


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans())
def test_reads_what_the_standard_library_writes(document, ascii_only):
    assert parse_object(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimals_are_read_to_three_units_in_the_last_place(number):
    """RapidJSON's bound for the quick way, which upstream takes too."""
    found = parse_object(json.dumps({"x": number}).encode())["x"]
    assert type(found) is float
    assert abs(found - number) <= 3 * math.ulp(number)


@given(st.binary(max_size=60))
def test_anything_else_is_refused(body):
    if body.lstrip()[:1] != b"{":
        assert refusal(body).startswith(("JSON Parse error: ", "JSON Value: "))


BROKEN = {
    b"": "The document is empty",
    b"  ": "The document is empty. at offset: 2",
    b"instances = [1, 2]": "Invalid value. at offset: 0",
    b'{"a": [1,]}': "Invalid value. at offset: 9",
    b'{"a": nul}': "Invalid value. at offset: 9",
    b'{"a": [1 2]}': "Missing a comma or ] after an array element. at offset: 9",
    b'{"a": 1 "b"}': "Missing a comma or } after an object member. at offset: 8",
    b'{"a" 1}': "Missing a colon after a name of object member. at offset: 5",
    b"{a: 1}": "Missing a name for object member. at offset: 1",
    b'{"a': "Missing a closing quotation mark in string. at offset: 3",
    b'{"a": "\\x"}': "Invalid escape character in string. at offset: 7",
    b'{"a": "\\uZ000"}': "Incorrect hex digit after \\u escape in string. at offset: 7",
    b'{"a": "\\ud800"}': "The surrogate pair in string is invalid. at offset: 7",
    b'{"a": 1e400}': "Number too big to be stored in double. at offset: 6",
    b'{"a": 1.}': "Miss fraction part in number. at offset: 8",
    b'{"a": 1e}': "Miss exponent in number. at offset: 8",
    b"{} x": "The document root must not be followed by other values. at offset: 3",
    b'{"\xc3\xa9": "\xff"}': "Invalid encoding in string. at offset: 8",
    b'{"a": 1, "b": 2, "a": 3}': 'key "a" stands twice in an object',
    b'{"x": [{"a": 1, "a": 1}]}': 'key "a" stands twice in an object',
    b'{"a": ' + b"[" * 100_000: "lists and objects are nested too deep",
    b'{"a": ' * 100_000: "lists and objects are nested too deep",
}


@pytest.mark.parametrize(("body", "reason"), BROKEN.items(), ids=[str(body[:20]) for body in BROKEN])
def test_an_error_has_reason_and_offset(body, reason):
    assert refusal(body) == f"JSON Parse error: {reason}"


def test_only_an_object_is_taken():
    assert refusal(b'[1, "a"]') == 'JSON Value: [\n    1,\n    "a"\n] Is not object'
    assert refusal(b"0.1") == "JSON Value: 0.1 Is not object"


def test_numbers_are_what_they_are_in_c():
    body = b'{"x": [18446744073709551615, 18446744073709551616, -9223372036854775809, 1.0, NaN, -Infinity, Inf]}'
    numbers = parse_object(body)["x"]
    assert [type(number) for number in numbers] == [int, float, float, float, float, float, float]
    assert numbers[:4] == [2**64 - 1, 2.0**64, -(2.0**63), 1.0]
    assert math.isnan(numbers[4])
    assert numbers[5:] == [-math.inf, math.inf]


def test_a_byte_order_mark_is_passed_over():
    assert parse_object(b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}
