from facegrid.v1 import error_pb2 as _error_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DetectRequest(_message.Message):
    __slots__ = ("image", "options", "timeout_ms")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    options: _face_pb2.DetectOptions
    timeout_ms: int
    def __init__(self, image: _Optional[bytes] = ..., options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("faces", "image_width_px", "image_height_px", "dropped_candidates", "warnings")
    FACES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    DROPPED_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    faces: _containers.RepeatedCompositeFieldContainer[_face_pb2.Face]
    image_width_px: int
    image_height_px: int
    dropped_candidates: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, faces: _Optional[_Iterable[_Union[_face_pb2.Face, _Mapping]]] = ..., image_width_px: _Optional[int] = ..., image_height_px: _Optional[int] = ..., dropped_candidates: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class DetectStreamRequest(_message.Message):
    __slots__ = ("item", "end")
    class Item(_message.Message):
        __slots__ = ("id", "request")
        ID_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        id: str
        request: DetectRequest
        def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[DetectRequest, _Mapping]] = ...) -> None: ...
    class End(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ITEM_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    item: DetectStreamRequest.Item
    end: DetectStreamRequest.End
    def __init__(self, item: _Optional[_Union[DetectStreamRequest.Item, _Mapping]] = ..., end: _Optional[_Union[DetectStreamRequest.End, _Mapping]] = ...) -> None: ...

class DetectStreamResponse(_message.Message):
    __slots__ = ("id", "response", "error", "end", "work_ms")
    class End(_message.Message):
        __slots__ = ("items",)
        ITEMS_FIELD_NUMBER: _ClassVar[int]
        items: int
        def __init__(self, items: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    WORK_MS_FIELD_NUMBER: _ClassVar[int]
    id: str
    response: DetectResponse
    error: _error_pb2.Error
    end: DetectStreamResponse.End
    work_ms: float
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[DetectResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., end: _Optional[_Union[DetectStreamResponse.End, _Mapping]] = ..., work_ms: _Optional[float] = ...) -> None: ...
