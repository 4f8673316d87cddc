"""Fills every field of a message, and finds fields that a message does not know."""

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

SCALARS = {
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_BYTES: b"bytes",
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_FLOAT: 1.5,
    FieldDescriptor.TYPE_DOUBLE: 2.5,
    FieldDescriptor.TYPE_INT32: -3,
    FieldDescriptor.TYPE_INT64: -(2**40),
    FieldDescriptor.TYPE_UINT32: 2**31,
    FieldDescriptor.TYPE_UINT64: 2**63,
    FieldDescriptor.TYPE_FIXED64: 4,
}


def sample(field: FieldDescriptor) -> object:
    if field.type == FieldDescriptor.TYPE_ENUM:
        return max(value.number for value in field.enum_type.values)
    return SCALARS[field.type]


def fill(message: Message, oneof_choice: int) -> None:
    """Sets every field; of a oneof, the member with this index, counted round."""
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[oneof_choice % len(oneof.fields)] is not field:
            continue
        fill_field(message, field, oneof_choice)


def fill_field(message: Message, field: FieldDescriptor, oneof_choice: int) -> None:
    value = getattr(message, field.name)
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    if is_map:
        value_field = field.message_type.fields_by_name["value"]
        if value_field.message_type is None:
            value["key"] = sample(value_field)
        else:
            fill(value["key"], oneof_choice)
    elif field.message_type is not None:
        target = value.add() if field.is_repeated else value
        target.SetInParent()
        fill(target, oneof_choice)
    elif field.is_repeated:
        value.extend([sample(field)] * 2)
    else:
        setattr(message, field.name, sample(field))


def unknown_fields(message: Message, path: str = "") -> Iterator[str]:
    for unknown in UnknownFieldSet(message):
        yield f"{path}#{unknown.field_number}"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            nested = [value[key] for key in value if isinstance(value[key], Message)]
        else:
            nested = list(value) if field.is_repeated else [value]
        for item in nested:
            yield from unknown_fields(item, f"{path}.{field.name}")
