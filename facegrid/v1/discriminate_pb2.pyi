from facegrid.v1 import label_pb2 as _label_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiscriminateRequest(_message.Message):
    __slots__ = ("images", "labels", "timeout_ms")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedScalarFieldContainer[bytes]
    labels: _containers.RepeatedCompositeFieldContainer[_label_pb2.LabelWeight]
    timeout_ms: int
    def __init__(self, images: _Optional[_Iterable[bytes]] = ..., labels: _Optional[_Iterable[_Union[_label_pb2.LabelWeight, _Mapping]]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class Discrimination(_message.Message):
    __slots__ = ("logit", "probability")
    LOGIT_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    logit: float
    probability: float
    def __init__(self, logit: _Optional[float] = ..., probability: _Optional[float] = ...) -> None: ...

class DiscriminateResponse(_message.Message):
    __slots__ = ("discriminations",)
    DISCRIMINATIONS_FIELD_NUMBER: _ClassVar[int]
    discriminations: _containers.RepeatedCompositeFieldContainer[Discrimination]
    def __init__(self, discriminations: _Optional[_Iterable[_Union[Discrimination, _Mapping]]] = ...) -> None: ...
