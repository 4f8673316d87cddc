from facegrid.v1 import embedder_pb2 as _embedder_pb2
from facegrid.v1 import error_pb2 as _error_pb2
from facegrid.v1 import face_pb2 as _face_pb2
from facegrid.v1 import identify_pb2 as _identify_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IdentifyVideoOptions(_message.Message):
    __slots__ = ("detect_options", "identify_options", "detect_every_n", "live", "timeout_ms")
    DETECT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    IDENTIFY_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    DETECT_EVERY_N_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    detect_options: _face_pb2.DetectOptions
    identify_options: _identify_pb2.IdentifyOptions
    detect_every_n: int
    live: bool
    timeout_ms: int
    def __init__(self, detect_options: _Optional[_Union[_face_pb2.DetectOptions, _Mapping]] = ..., identify_options: _Optional[_Union[_identify_pb2.IdentifyOptions, _Mapping]] = ..., detect_every_n: _Optional[int] = ..., live: _Optional[bool] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class IdentifyVideoRequest(_message.Message):
    __slots__ = ("options", "frame", "end")
    class Frame(_message.Message):
        __slots__ = ("index", "timestamp_ms", "image")
        INDEX_FIELD_NUMBER: _ClassVar[int]
        TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
        IMAGE_FIELD_NUMBER: _ClassVar[int]
        index: int
        timestamp_ms: int
        image: bytes
        def __init__(self, index: _Optional[int] = ..., timestamp_ms: _Optional[int] = ..., image: _Optional[bytes] = ...) -> None: ...
    class End(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    options: IdentifyVideoOptions
    frame: IdentifyVideoRequest.Frame
    end: IdentifyVideoRequest.End
    def __init__(self, options: _Optional[_Union[IdentifyVideoOptions, _Mapping]] = ..., frame: _Optional[_Union[IdentifyVideoRequest.Frame, _Mapping]] = ..., end: _Optional[_Union[IdentifyVideoRequest.End, _Mapping]] = ...) -> None: ...

class IdentifyVideoResponse(_message.Message):
    __slots__ = ("frame", "end")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    frame: FrameResult
    end: VideoSummary
    def __init__(self, frame: _Optional[_Union[FrameResult, _Mapping]] = ..., end: _Optional[_Union[VideoSummary, _Mapping]] = ...) -> None: ...

class FrameResult(_message.Message):
    __slots__ = ("index", "timestamp_ms", "error", "faces", "events", "decisions", "detected", "shot_cut", "dropped_frames", "image_width_px", "image_height_px")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    DETECTED_FIELD_NUMBER: _ClassVar[int]
    SHOT_CUT_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    index: int
    timestamp_ms: int
    error: _error_pb2.Error
    faces: _containers.RepeatedCompositeFieldContainer[TrackedFace]
    events: _containers.RepeatedCompositeFieldContainer[VideoEvent]
    decisions: _containers.RepeatedCompositeFieldContainer[TrackDecision]
    detected: bool
    shot_cut: bool
    dropped_frames: int
    image_width_px: int
    image_height_px: int
    def __init__(self, index: _Optional[int] = ..., timestamp_ms: _Optional[int] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ..., faces: _Optional[_Iterable[_Union[TrackedFace, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[VideoEvent, _Mapping]]] = ..., decisions: _Optional[_Iterable[_Union[TrackDecision, _Mapping]]] = ..., detected: _Optional[bool] = ..., shot_cut: _Optional[bool] = ..., dropped_frames: _Optional[int] = ..., image_width_px: _Optional[int] = ..., image_height_px: _Optional[int] = ...) -> None: ...

class TrackedFace(_message.Message):
    __slots__ = ("track_id", "face", "detected", "subject", "distance", "decided")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    DETECTED_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    track_id: int
    face: _face_pb2.Face
    detected: bool
    subject: str
    distance: float
    decided: bool
    def __init__(self, track_id: _Optional[int] = ..., face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., detected: _Optional[bool] = ..., subject: _Optional[str] = ..., distance: _Optional[float] = ..., decided: _Optional[bool] = ...) -> None: ...

class TrackDecision(_message.Message):
    __slots__ = ("track_id", "subject", "distance", "candidates", "evidence_frames", "first_frame", "last_frame", "first_timestamp_ms", "last_timestamp_ms", "ended")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_FIELD_NUMBER: _ClassVar[int]
    LAST_FRAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    track_id: int
    subject: str
    distance: float
    candidates: _containers.RepeatedCompositeFieldContainer[_identify_pb2.Candidate]
    evidence_frames: _containers.RepeatedScalarFieldContainer[int]
    first_frame: int
    last_frame: int
    first_timestamp_ms: int
    last_timestamp_ms: int
    ended: bool
    def __init__(self, track_id: _Optional[int] = ..., subject: _Optional[str] = ..., distance: _Optional[float] = ..., candidates: _Optional[_Iterable[_Union[_identify_pb2.Candidate, _Mapping]]] = ..., evidence_frames: _Optional[_Iterable[int]] = ..., first_frame: _Optional[int] = ..., last_frame: _Optional[int] = ..., first_timestamp_ms: _Optional[int] = ..., last_timestamp_ms: _Optional[int] = ..., ended: _Optional[bool] = ...) -> None: ...

class VideoEvent(_message.Message):
    __slots__ = ("kind", "track_id", "subject", "frame_index", "timestamp_ms", "evidence_frames")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[VideoEvent.Kind]
        KIND_ENTERED: _ClassVar[VideoEvent.Kind]
        KIND_LEFT: _ClassVar[VideoEvent.Kind]
    KIND_UNSPECIFIED: VideoEvent.Kind
    KIND_ENTERED: VideoEvent.Kind
    KIND_LEFT: VideoEvent.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FRAME_INDEX_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FRAMES_FIELD_NUMBER: _ClassVar[int]
    kind: VideoEvent.Kind
    track_id: int
    subject: str
    frame_index: int
    timestamp_ms: int
    evidence_frames: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, kind: _Optional[_Union[VideoEvent.Kind, str]] = ..., track_id: _Optional[int] = ..., subject: _Optional[str] = ..., frame_index: _Optional[int] = ..., timestamp_ms: _Optional[int] = ..., evidence_frames: _Optional[_Iterable[int]] = ...) -> None: ...

class VideoSummary(_message.Message):
    __slots__ = ("frames", "failed_frames", "detected_frames", "dropped_frames", "decisions", "events", "threshold", "false_positive_rate", "embedder")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    FAILED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    DETECTED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FALSE_POSITIVE_RATE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDER_FIELD_NUMBER: _ClassVar[int]
    frames: int
    failed_frames: int
    detected_frames: int
    dropped_frames: int
    decisions: _containers.RepeatedCompositeFieldContainer[TrackDecision]
    events: _containers.RepeatedCompositeFieldContainer[VideoEvent]
    threshold: float
    false_positive_rate: float
    embedder: _embedder_pb2.Embedder
    def __init__(self, frames: _Optional[int] = ..., failed_frames: _Optional[int] = ..., detected_frames: _Optional[int] = ..., dropped_frames: _Optional[int] = ..., decisions: _Optional[_Iterable[_Union[TrackDecision, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[VideoEvent, _Mapping]]] = ..., threshold: _Optional[float] = ..., false_positive_rate: _Optional[float] = ..., embedder: _Optional[_Union[_embedder_pb2.Embedder, _Mapping]] = ...) -> None: ...
