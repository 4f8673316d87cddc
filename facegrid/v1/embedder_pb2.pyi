from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Embedder(_message.Message):
    __slots__ = ("name", "version", "metric")
    class Metric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        METRIC_UNSPECIFIED: _ClassVar[Embedder.Metric]
        METRIC_EUCLIDEAN_RAW: _ClassVar[Embedder.Metric]
        METRIC_EUCLIDEAN_UNIT: _ClassVar[Embedder.Metric]
    METRIC_UNSPECIFIED: Embedder.Metric
    METRIC_EUCLIDEAN_RAW: Embedder.Metric
    METRIC_EUCLIDEAN_UNIT: Embedder.Metric
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    metric: Embedder.Metric
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., metric: _Optional[_Union[Embedder.Metric, str]] = ...) -> None: ...
