from facegrid.v1 import embedder_pb2 as _embedder_pb2
from facegrid.v1 import error_pb2 as _error_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Embedding(_message.Message):
    __slots__ = ("face", "vector", "embedder")
    FACE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    face: _face_pb2.Face
    vector: _containers.RepeatedScalarFieldContainer[float]
    embedder: _embedder_pb2.Embedder
    def __init__(self, face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., vector: _Optional[_Iterable[float]] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("image", "detect_options", "timeout_ms")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    DETECT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    detect_options: _face_pb2.DetectOptions
    timeout_ms: int
    def __init__(self, image: _Optional[bytes] = ..., detect_options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("embeddings", "image_width_px", "image_height_px", "dropped_candidates")
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    DROPPED_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    embeddings: _containers.RepeatedCompositeFieldContainer[Embedding]
    image_width_px: int
    image_height_px: int
    dropped_candidates: int
    def __init__(self, embeddings: _Optional[_Iterable[_Union[Embedding, _Mapping]]] = ..., image_width_px: _Optional[int] = ..., image_height_px: _Optional[int] = ..., dropped_candidates: _Optional[int] = ...) -> None: ...

class EmbedStreamRequest(_message.Message):
    __slots__ = ("item", "end")
    class Item(_message.Message):
        __slots__ = ("id", "request")
        ID_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        id: str
        request: EmbedRequest
        def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[EmbedRequest, _Mapping]] = ...) -> None: ...
    class End(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ITEM_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    item: EmbedStreamRequest.Item
    end: EmbedStreamRequest.End
    def __init__(self, item: _Optional[_Union[EmbedStreamRequest.Item, _Mapping]] = ..., end: _Optional[_Union[EmbedStreamRequest.End, _Mapping]] = ...) -> None: ...

class EmbedStreamResponse(_message.Message):
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
    response: EmbedResponse
    error: _error_pb2.Error
    end: EmbedStreamResponse.End
    work_ms: float
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[EmbedResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., end: _Optional[_Union[EmbedStreamResponse.End, _Mapping]] = ..., work_ms: _Optional[float] = ...) -> None: ...
