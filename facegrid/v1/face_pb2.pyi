from facegrid.v1 import geometry_pb2 as _geometry_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DetectOptions(_message.Message):
    __slots__ = ("min_face_px", "pyramid_factor", "pnet_threshold", "rnet_threshold", "onet_threshold")
    MIN_FACE_PX_FIELD_NUMBER: _ClassVar[int]
    PYRAMID_FACTOR_FIELD_NUMBER: _ClassVar[int]
    PNET_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    RNET_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ONET_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    min_face_px: float
    pyramid_factor: float
    pnet_threshold: float
    rnet_threshold: float
    onet_threshold: float
    def __init__(self, min_face_px: _Optional[float] = ..., pyramid_factor: _Optional[float] = ..., pnet_threshold: _Optional[float] = ..., rnet_threshold: _Optional[float] = ..., onet_threshold: _Optional[float] = ...) -> None: ...

class Face(_message.Message):
    __slots__ = ("box", "score", "landmarks")
    BOX_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LANDMARKS_FIELD_NUMBER: _ClassVar[int]
    box: _geometry_pb2.BoundingBox
    score: float
    landmarks: _geometry_pb2.Landmarks
    def __init__(self, box: _Optional[_Union[_geometry_pb2.BoundingBox, _Mapping]] = ..., score: _Optional[float] = ..., landmarks: _Optional[_Union[_geometry_pb2.Landmarks, _Mapping]] = ...) -> None: ...

class Portrait(_message.Message):
    __slots__ = ("image", "face_index")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FACE_INDEX_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    face_index: int
    def __init__(self, image: _Optional[bytes] = ..., face_index: _Optional[int] = ...) -> None: ...
