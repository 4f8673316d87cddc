"""How values are written in JSON: character by character as RapidJSON, tensorflow_model_server's writer, does it.

A text may hold lone surrogates. They stand for bytes that are not UTF-8; a tensor of strings may hold such bytes, and
they are sent unchanged (`encoded`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = Any
"""What the parser makes of JSON: dict, list, str, int, float, bool or None."""

INDENT = "    "
MAX_SHOWN_CHARACTERS = 4096
"""An error cuts a longer value; upstream's errors may hold the whole request."""
MAX_SHOWN_DEPTH = 32
"""Values nested deeper are shown as "..."."""

_TYPE_NAMES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number", type(None): "Null"}
_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    ord(character): "\\" + letter for character, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)
}
_WORDS = {True: "true", False: "false", None: "null"}
_MAX_FLOAT = float(np.finfo(np.float32).max)


def type_name(value: Json) -> str:
    """Returns the type of a value as errors name it."""
    if isinstance(value, bool):
        return str(value)
    return _TYPE_NAMES[type(value)]


def quoted(text: str) -> str:
    """Returns the JSON string of a text, with no more escapes than needed."""
    return f'"{text.translate(_ESCAPES)}"'


def encoded(text: str) -> bytes:
    """Returns the bytes of a JSON text."""
    return text.encode(errors="surrogateescape")


def indent(depth: int) -> str:
    """Returns the start of a line inside `depth` lists and objects."""
    return "\n" + INDENT * depth


def json_object(members: Mapping[str, str], depth: int) -> str:
    """Returns an object that stands inside `depth` lists and objects, from the JSON of its members."""
    start = indent(depth + 1)
    pairs = (f"{quoted(name)}: {text}" for name, text in members.items())
    return "{" + start + ("," + start).join(pairs) + indent(depth) + "}"


def json_document(value: Json) -> str:
    """Returns a whole document, indented by one, as protobuf's own writer does."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def shown(value: Json) -> str:
    """Returns a value as errors show it: each member on its own line, cut if it is long."""
    if isinstance(value, float):
        return decimals(np.array([value], np.float32 if abs(value) <= _MAX_FLOAT else np.float64))[0]
    pieces: list[str] = []
    left = MAX_SHOWN_CHARACTERS
    for piece in _pieces(value, 0):
        pieces.append(piece[:left])
        left -= len(piece)
        if left < 0:
            return "".join(pieces) + "...TRUNCATED"
    return "".join(pieces)


def _pieces(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield quoted(value[:MAX_SHOWN_CHARACTERS])
    elif isinstance(value, bool) or value is None:
        yield _WORDS[value]
    elif isinstance(value, list | dict) and value:
        yield from _members(value, depth)
    elif isinstance(value, float):
        yield repr(value) if np.isfinite(value) else decimals(np.array([value]))[0]
    else:
        yield str(value)  # a whole number, [] or {}


def _members(value: list[Json] | dict[str, Json], depth: int) -> Iterator[str]:
    is_list = isinstance(value, list)
    yield "[" if is_list else "{"
    if depth == MAX_SHOWN_DEPTH:
        yield "..."
    else:
        for number, member in enumerate(value):
            yield ("," if number else "") + indent(depth + 1)
            if isinstance(value, dict):
                yield quoted(member) + ": "
                yield from _pieces(value[member], depth + 1)
            else:
                yield from _pieces(member, depth + 1)
        yield indent(depth)
    yield "]" if is_list else "}"


def decimals(values: NDArray[np.floating[Any]]) -> list[str]:
    """Returns numbers [N] float32 or float64 as text that gives the same number when read, such as 2.0 or 9e+06.

    Six digits where they suffice, else as many as the dtype may need (9 or 17). A whole number keeps ".0".
    Upstream: `WriteDecimal` in util/json_tensor.cc.
    """
    texts: list[str] = []
    for start in range(0, len(values), _CHUNK):
        texts += map(_as_decimal, _round_trip_texts(values[start : start + _CHUNK]))
    return texts


_CHUNK = 4096
"""Numbers formatted by one call: several times faster than one by one, but no other thread runs meanwhile."""


def _round_trip_texts(values: NDArray[np.floating[Any]]) -> list[str]:
    texts = _formatted(9 if values.dtype == np.float32 else 17, values)
    candidates = np.flatnonzero(_may_do_with_six_digits(values))
    short = _formatted(6, values[candidates])
    with np.errstate(over="ignore"):
        read_back = np.array(short, np.float64).astype(values.dtype)
    for index, text, number, same in zip(candidates, short, read_back, values[candidates], strict=True):
        if number == same:
            texts[index] = text
    return texts


def _may_do_with_six_digits(values: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Returns False only where more than six digits are needed. This is cheaper than to write and read six digits."""
    with np.errstate(all="ignore"):
        exact = np.abs(values.astype(np.float64))
        unit = 10.0 ** (np.floor(np.log10(exact)) - 5)
        error = np.abs(np.round(exact / unit) * unit - exact)
        # Below 1e-290 the unit itself may be inexact.
        needs_more: NDArray[np.bool_] = (error > 4.0 * np.spacing(np.abs(values))) & (exact > 1e-290)
    return ~needs_more


def _formatted(digits: int, values: NDArray[np.floating[Any]]) -> list[str]:
    return (f"%.{digits}g " * len(values) % tuple(values.tolist())).split()


_NOT_FINITE = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _as_decimal(text: str) -> str:
    if "." in text or "e" in text:
        return text
    return _NOT_FINITE.get(text) or text + ".0"
