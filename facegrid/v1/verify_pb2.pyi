from facegrid.v1 import embedder_pb2 as _embedder_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VerifyRequest(_message.Message):
    __slots__ = ("first", "second", "detect_options", "threshold", "target_false_match_rate", "timeout_ms")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    DETECT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TARGET_FALSE_MATCH_RATE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    first: _face_pb2.Portrait
    second: _face_pb2.Portrait
    detect_options: _face_pb2.DetectOptions
    threshold: float
    target_false_match_rate: float
    timeout_ms: int
    def __init__(self, first: _Optional[_Union[_face_pb2.Portrait, _Mapping]] = ..., second: _Optional[_Union[_face_pb2.Portrait, _Mapping]] = ..., detect_options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., threshold: _Optional[float] = ..., target_false_match_rate: _Optional[float] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("distance", "threshold", "same", "false_match_rate", "first_face", "second_face", "embedder")
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SAME_FIELD_NUMBER: _ClassVar[int]
    FALSE_MATCH_RATE_FIELD_NUMBER: _ClassVar[int]
    FIRST_FACE_FIELD_NUMBER: _ClassVar[int]
    SECOND_FACE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    distance: float
    threshold: float
    same: bool
    false_match_rate: float
    first_face: _face_pb2.Face
    second_face: _face_pb2.Face
    embedder: _embedder_pb2.Embedder
    def __init__(self, distance: _Optional[float] = ..., threshold: _Optional[float] = ..., same: _Optional[bool] = ..., false_match_rate: _Optional[float] = ..., first_face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., second_face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ...) -> None: ...
