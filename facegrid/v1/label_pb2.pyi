from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class LabelWeight(_message.Message):
    __slots__ = ("label", "weight")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    label: int
    weight: float
    def __init__(self, label: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...
