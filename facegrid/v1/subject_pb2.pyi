import datetime

from facegrid.v1 import embedder_pb2 as _embedder_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Subject(_message.Message):
    __slots__ = ("name", "faces", "first_enrolled_at", "last_enrolled_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ENROLLED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_ENROLLED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    faces: int
    first_enrolled_at: _timestamp_pb2.Timestamp
    last_enrolled_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., faces: _Optional[int] = ..., first_enrolled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_enrolled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GalleryFace(_message.Message):
    __slots__ = ("id", "embedder", "enrolled_at", "score", "face_px", "has_chip")
    ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_AT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    FACE_PX_FIELD_NUMBER: _ClassVar[int]
    HAS_CHIP_FIELD_NUMBER: _ClassVar[int]
    id: str
    embedder: _embedder_pb2.Embedder
    enrolled_at: _timestamp_pb2.Timestamp
    score: float
    face_px: float
    has_chip: bool
    def __init__(self, id: _Optional[str] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ..., enrolled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., score: _Optional[float] = ..., face_px: _Optional[float] = ..., has_chip: _Optional[bool] = ...) -> None: ...

class ListSubjectsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "timeout_ms")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    timeout_ms: int
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class ListSubjectsResponse(_message.Message):
    __slots__ = ("subjects", "next_page_token")
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    subjects: _containers.RepeatedCompositeFieldContainer[Subject]
    next_page_token: str
    def __init__(self, subjects: _Optional[_Iterable[_Union[Subject, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetSubjectRequest(_message.Message):
    __slots__ = ("subject", "timeout_ms")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    subject: str
    timeout_ms: int
    def __init__(self, subject: _Optional[str] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class GetSubjectResponse(_message.Message):
    __slots__ = ("subject", "faces")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    subject: Subject
    faces: _containers.RepeatedCompositeFieldContainer[GalleryFace]
    def __init__(self, subject: _Optional[_Union[Subject, _Mapping]] = ..., faces: _Optional[_Iterable[_Union[GalleryFace, _Mapping]]] = ...) -> None: ...

class DeleteSubjectRequest(_message.Message):
    __slots__ = ("subject", "timeout_ms")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    subject: str
    timeout_ms: int
    def __init__(self, subject: _Optional[str] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class DeleteSubjectResponse(_message.Message):
    __slots__ = ("subject", "erased_vectors", "erased_chips", "pending")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ERASED_VECTORS_FIELD_NUMBER: _ClassVar[int]
    ERASED_CHIPS_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    subject: str
    erased_vectors: int
    erased_chips: int
    pending: bool
    def __init__(self, subject: _Optional[str] = ..., erased_vectors: _Optional[int] = ..., erased_chips: _Optional[int] = ..., pending: _Optional[bool] = ...) -> None: ...
