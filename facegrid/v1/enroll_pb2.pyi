from facegrid.v1 import embedder_pb2 as _embedder_pb2
from facegrid.v1 import error_pb2 as _error_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrollOptions(_message.Message):
    __slots__ = ("min_face_px", "min_score", "max_yaw_degrees")
    MIN_FACE_PX_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    MAX_YAW_DEGREES_FIELD_NUMBER: _ClassVar[int]
    min_face_px: float
    min_score: float
    max_yaw_degrees: float
    def __init__(self, min_face_px: _Optional[float] = ..., min_score: _Optional[float] = ..., max_yaw_degrees: _Optional[float] = ...) -> None: ...

class EnrollRequest(_message.Message):
    __slots__ = ("subject", "images", "detect_options", "enroll_options", "timeout_ms")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    DETECT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ENROLL_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    subject: str
    images: _containers.RepeatedCompositeFieldContainer[_face_pb2.Portrait]
    detect_options: _face_pb2.DetectOptions
    enroll_options: EnrollOptions
    timeout_ms: int
    def __init__(self, subject: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_face_pb2.Portrait, _Mapping]]] = ..., detect_options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., enroll_options: _Optional[_Union[EnrollOptions, _Mapping]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class EnrolledFace(_message.Message):
    __slots__ = ("id", "face")
    ID_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    id: str
    face: _face_pb2.Face
    def __init__(self, id: _Optional[str] = ..., face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ...) -> None: ...

class EnrollResponse(_message.Message):
    __slots__ = ("subject", "results", "embedder")
    class Result(_message.Message):
        __slots__ = ("enrolled", "error")
        ENROLLED_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        enrolled: EnrolledFace
        error: _error_pb2.Error
        def __init__(self, enrolled: _Optional[_Union[EnrolledFace, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    subject: str
    results: _containers.RepeatedCompositeFieldContainer[EnrollResponse.Result]
    embedder: _embedder_pb2.Embedder
    def __init__(self, subject: _Optional[str] = ..., results: _Optional[_Iterable[_Union[EnrollResponse.Result, _Mapping]]] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ...) -> None: ...

class EnrollStreamRequest(_message.Message):
    __slots__ = ("item", "end")
    class Item(_message.Message):
        __slots__ = ("id", "request")
        ID_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        id: str
        request: EnrollRequest
        def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[EnrollRequest, _Mapping]] = ...) -> None: ...
    class End(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ITEM_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    item: EnrollStreamRequest.Item
    end: EnrollStreamRequest.End
    def __init__(self, item: _Optional[_Union[EnrollStreamRequest.Item, _Mapping]] = ..., end: _Optional[_Union[EnrollStreamRequest.End, _Mapping]] = ...) -> None: ...

class EnrollStreamResponse(_message.Message):
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
    response: EnrollResponse
    error: _error_pb2.Error
    end: EnrollStreamResponse.End
    work_ms: float
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[EnrollResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., end: _Optional[_Union[EnrollStreamResponse.End, _Mapping]] = ..., work_ms: _Optional[float] = ...) -> None: ...
