from facegrid.v1 import embedder_pb2 as _embedder_pb2
from facegrid.v1 import error_pb2 as _error_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IdentifyOptions(_message.Message):
    __slots__ = ("threshold", "target_false_positive_rate", "top_k")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TARGET_FALSE_POSITIVE_RATE_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    target_false_positive_rate: float
    top_k: int
    def __init__(self, threshold: _Optional[float] = ..., target_false_positive_rate: _Optional[float] = ..., top_k: _Optional[int] = ...) -> None: ...

class IdentifyRequest(_message.Message):
    __slots__ = ("image", "detect_options", "identify_options", "timeout_ms")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    DETECT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    IDENTIFY_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    detect_options: _face_pb2.DetectOptions
    identify_options: IdentifyOptions
    timeout_ms: int
    def __init__(self, image: _Optional[bytes] = ..., detect_options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., identify_options: _Optional[_Union[IdentifyOptions, _Mapping]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("subject", "distance")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    subject: str
    distance: float
    def __init__(self, subject: _Optional[str] = ..., distance: _Optional[float] = ...) -> None: ...

class Identification(_message.Message):
    __slots__ = ("face", "subject", "distance", "margin", "candidates")
    FACE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    face: _face_pb2.Face
    subject: str
    distance: float
    margin: float
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    def __init__(self, face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., subject: _Optional[str] = ..., distance: _Optional[float] = ..., margin: _Optional[float] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ...) -> None: ...

class IdentifyResponse(_message.Message):
    __slots__ = ("identifications", "image_width_px", "image_height_px", "dropped_candidates", "threshold", "false_positive_rate", "embedder")
    IDENTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    DROPPED_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FALSE_POSITIVE_RATE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    identifications: _containers.RepeatedCompositeFieldContainer[Identification]
    image_width_px: int
    image_height_px: int
    dropped_candidates: int
    threshold: float
    false_positive_rate: float
    embedder: _embedder_pb2.Embedder
    def __init__(self, identifications: _Optional[_Iterable[_Union[Identification, _Mapping]]] = ..., image_width_px: _Optional[int] = ..., image_height_px: _Optional[int] = ..., dropped_candidates: _Optional[int] = ..., threshold: _Optional[float] = ..., false_positive_rate: _Optional[float] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ...) -> None: ...

class IdentifyStreamRequest(_message.Message):
    __slots__ = ("item", "end")
    class Item(_message.Message):
        __slots__ = ("id", "request")
        ID_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        id: str
        request: IdentifyRequest
        def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[IdentifyRequest, _Mapping]] = ...) -> None: ...
    class End(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ITEM_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    item: IdentifyStreamRequest.Item
    end: IdentifyStreamRequest.End
    def __init__(self, item: _Optional[_Union[IdentifyStreamRequest.Item, _Mapping]] = ..., end: _Optional[_Union[IdentifyStreamRequest.End, _Mapping]] = ...) -> None: ...

class IdentifyStreamResponse(_message.Message):
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
    response: IdentifyResponse
    error: _error_pb2.Error
    end: IdentifyStreamResponse.End
    work_ms: float
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[IdentifyResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., end: _Optional[_Union[IdentifyStreamResponse.End, _Mapping]] = ..., work_ms: _Optional[float] = ...) -> None: ...
