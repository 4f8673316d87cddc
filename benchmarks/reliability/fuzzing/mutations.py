"""Mutations of bytes, messages and JSON, small and large, from a seeded generator."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_SIZES = (-(2**63), -1, 0, 1, 2, 3, 7, 255, 2**16, 2**31, 2**40, 2**62, 2**63 - 1)
_TEXTS = ("", "a", "x", "\x00", "é" * 5000, "serving_default", "tensorflow/serving/predict", "/", "//", ".", "file:///")
_FLOATS = (0.0, -0.0, 1.0, float("nan"), float("inf"), 1e38)
_ODD_SCALARS: dict[int, Sequence[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), -1, 0, 1, 2, 7, 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: _SIZES,
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 1, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: _FLOATS,
    FieldDescriptor.CPPTYPE_FLOAT: _FLOATS,
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
    FieldDescriptor.CPPTYPE_ENUM: (*range(25), 30, 40, 101, -1, 2**31 - 1),
    FieldDescriptor.CPPTYPE_STRING: _TEXTS,
}
_ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**31, 2**63 - 1, 2**64 - 1, 2**64, 10**400,
    float("nan"), float("inf"), -float("inf"), "", "a", "\x00", "\ud800", "é", [], {}, [[]], [None], {"": 1},
    {"b64": ""}, {"b64": "a"}, {"b64": "AAECAw=="}, {"b64": 1}, {"b64": "", "x": 1},
)  # fmt: skip
_ODD_BYTES = (
    b"", b"\x00", b"\xff" * 9, b"\x80" * 10 + b"\x01", b"[" * 2000, b"{\"a\":" * 2000, b"\"", b"\\u", b"NaN", b"-",
    b"1e999", b"9" * 400, b"%00", b"%", b"../", b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n", b"\xef\xbb\xbf",
    b"\xed\xa0\x80", b"\x1f\x8b\x08",
)  # fmt: skip


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """Returns the bytes after one to four changes; a change may leave them as they are."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(_CHANGES)(data, random)
    return data


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _replace(data: bytes, random: Random) -> bytes:
    start, end = _slice(data, random)
    return data[:start] + random.randbytes(random.randrange(5)) + data[end:]


def _repeat(data: bytes, random: Random) -> bytes:
    start, end = _slice(data, random)
    return data[:end] + data[start:end] * random.choice((1, 2, 50)) + data[end:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _insert_odd(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_ODD_BYTES) + data[at:]


def _slice(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.randrange(9))


_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _flip, _replace, _repeat, _cut, _insert_odd)


def mutate_message(message: Message, random: Random) -> None:
    """Changes one field, anywhere in the message: to an odd value, to nothing, or to one more or less."""
    if not message.DESCRIPTOR.fields:
        return
    field: Any = random.choice(message.DESCRIPTOR.fields)
    if random.random() < 0.1:
        message.ClearField(field.name)
        return
    value: Any = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _mutate_map(value, field, random)
    elif field.is_repeated:
        _mutate_list(value, field, random)
    elif field.message_type is not None:
        value.SetInParent()
        mutate_message(value, random)
    else:
        setattr(message, field.name, _odd_scalar(field, random))


def _mutate_map(entries: Any, field: Any, random: Random) -> None:
    key_field, value_field = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    keys = [*entries, _odd_scalar(key_field, random)]
    key = random.choice(keys)
    if random.random() < 0.2:
        entries.pop(key, None)
    elif value_field.message_type is None:
        entries[key] = _odd_scalar(value_field, random)
    else:
        mutate_message(entries[key], random)


def _mutate_list(members: Any, field: Any, random: Random) -> None:
    if members and random.random() < 0.2:
        del members[random.randrange(len(members)) :]
    elif field.message_type is None:
        members.extend([_odd_scalar(field, random)] * random.choice((1, 1, 2, 300)))
    elif members and random.random() < 0.7:
        mutate_message(random.choice(members), random)
    else:
        members.add()
        if random.random() < 0.5:
            members[-1].CopyFrom(members[0])


def _odd_scalar(field: Any, random: Random) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return random.randbytes(random.choice((0, 1, 4, 8, 40)))
    return random.choice(_ODD_SCALARS[field.cpp_type])


def mutated_json(value: Any, random: Random) -> Any:
    """Returns the value with one member, anywhere in it, left out, doubled or replaced by something odd."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        key = random.choice(list(value))
        changed = {name: mutated_json(member, random) if name == key else member for name, member in value.items()}
        match random.randrange(8):
            case 0:
                del changed[key]
            case 1:
                changed[random.choice(("instances", "inputs", "signature_name", "x", ""))] = random.choice(_ODD_VALUES)
        return changed
    if isinstance(value, list) and value and random.random() < 0.8:
        at = random.randrange(len(value))
        return value[:at] + [mutated_json(value[at], random)] * random.choice((0, 1, 1, 1, 2, 100)) + value[at + 1 :]
    odd = random.choice(_ODD_VALUES)
    return [odd] * random.choice((1, 3)) if random.random() < 0.3 else odd


def json_bytes(value: Any) -> bytes:
    """Returns the JSON of a value, lone surrogates and all."""
    return json.dumps(value).encode()
