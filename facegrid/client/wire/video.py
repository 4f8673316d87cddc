"""Videos: between the client's types and the messages on the wire."""

import math
from numbers import Real
from typing import Any

from facegrid.answers.faces import ImageSource
from facegrid.answers.people import Candidate
from facegrid.answers.video import FrameResult, TrackDecision, TrackedFace, VideoEvent, VideoEventKind, VideoSummary
from facegrid.client.status import error_of_item
from facegrid.client.wire.faces import Options, face_of, whole_number
from facegrid.client.wire.images import encode_image
from facegrid.client.wire.people import embedder_of, identify_request
from facegrid.errors import InvalidRequest
from facegrid.v1 import video_pb2

Frame = tuple[float, ImageSource]
"""When a frame is shown, in seconds, and its picture."""

END = video_pb2.IdentifyVideoRequest(end=video_pb2.IdentifyVideoRequest.End())
"""The explicit last message: a service cannot tell a cancelled call from a finished one."""

_LATEST_S = 1e15
"""In milliseconds that is a uint64."""

_KINDS = {
    video_pb2.VideoEvent.KIND_ENTERED: VideoEventKind.ENTERED,
    video_pb2.VideoEvent.KIND_LEFT: VideoEventKind.LEFT,
}


def identify_video_request(
    timeout_s: float | None, options: Options, *, detect_every_n: int | None, live: bool
) -> video_pb2.IdentifyVideoRequest:
    """Returns the first message: the options, without a frame.

    Raises:
        InvalidOption: a value has the wrong type. The service checks ranges.
        TypeError: there is no option of that name.
    """
    request = identify_request(timeout_s, options)
    chosen = video_pb2.IdentifyVideoOptions(
        detect_options=request.detect_options,
        identify_options=request.identify_options,
        detect_every_n=whole_number("detect_every_n", detect_every_n, least=1),
        live=live,
        timeout_ms=request.timeout_ms,
    )
    return video_pb2.IdentifyVideoRequest(options=chosen)


def frame_message(index: int, source: Frame) -> video_pb2.IdentifyVideoRequest:
    """Returns the message with the frame of this index.

    Raises:
        InvalidRequest: it is not a pair, or its time is not a number of at least 0.
        InvalidImage: its picture cannot be sent; see `encode_image`.
        OSError: a file cannot be read.
    """
    timestamp_s, image = _pair(source)
    seconds = float(timestamp_s) if isinstance(timestamp_s, Real) else math.nan
    if not 0 <= seconds < _LATEST_S:
        raise InvalidRequest(f"a frame's time is a number of seconds from 0 to {_LATEST_S:g}, got {timestamp_s!r}")
    frame = video_pb2.IdentifyVideoRequest.Frame(
        index=index, timestamp_ms=round(seconds * 1000), image=encode_image(image)
    )
    return video_pb2.IdentifyVideoRequest(frame=frame)


def frame_result_of(message: video_pb2.FrameResult) -> FrameResult:
    """Returns what is seen in one frame."""
    return FrameResult(
        index=message.index,
        timestamp_s=message.timestamp_ms / 1000,
        faces=[_face(face) for face in message.faces],
        events=[event_of(event) for event in message.events],
        decisions=[decision_of(decision) for decision in message.decisions],
        detected=message.detected,
        shot_cut=message.shot_cut,
        dropped_frames=message.dropped_frames,
        image_width_px=message.image_width_px,
        image_height_px=message.image_height_px,
        error=error_of_item(message.error) if message.HasField("error") else None,
    )


def summary_of(
    message: video_pb2.VideoSummary, decisions: dict[int, TrackDecision], events: list[VideoEvent]
) -> VideoSummary:
    """Returns the summary: the last message, with the decisions and the events of the messages before it."""
    last = {decision.track_id: decision_of(decision) for decision in message.decisions}
    return VideoSummary(
        frames=message.frames,
        failed_frames=message.failed_frames,
        detected_frames=message.detected_frames,
        dropped_frames=message.dropped_frames,
        decisions=[decision for _, decision in sorted((decisions | last).items())],
        events=[*events, *map(event_of, message.events)],
        threshold=message.threshold,
        false_positive_rate=message.false_positive_rate if message.HasField("false_positive_rate") else None,
        embedder=embedder_of(message.embedder),
    )


def decision_of(message: video_pb2.TrackDecision) -> TrackDecision:
    """Returns the decision on a track."""
    return TrackDecision(
        track_id=message.track_id,
        subject=message.subject if message.HasField("subject") else None,
        distance=message.distance if message.HasField("distance") else None,
        candidates=[Candidate(one.subject, one.distance) for one in message.candidates],
        evidence_frames=list(message.evidence_frames),
        first_frame=message.first_frame,
        last_frame=message.last_frame,
        first_s=message.first_timestamp_ms / 1000,
        last_s=message.last_timestamp_ms / 1000,
        ended=message.ended,
    )


def event_of(message: video_pb2.VideoEvent) -> VideoEvent:
    """Returns a person's entering or leaving."""
    return VideoEvent(
        kind=_KINDS[message.kind],
        track_id=message.track_id,
        subject=message.subject if message.HasField("subject") else None,
        frame=message.frame_index,
        timestamp_s=message.timestamp_ms / 1000,
        evidence_frames=list(message.evidence_frames),
    )


def _face(message: video_pb2.TrackedFace) -> TrackedFace:
    return TrackedFace(
        track_id=message.track_id,
        face=face_of(message.face),
        detected=message.detected,
        subject=message.subject if message.HasField("subject") else None,
        distance=message.distance if message.HasField("distance") else None,
        decided=message.decided,
    )


def _pair(source: Any) -> tuple[Any, Any]:
    if not isinstance(source, tuple) or len(source) != 2:
        raise InvalidRequest(f"a frame is a pair of its time in seconds and its picture, got {type(source).__name__}")
    return source


def check_frames(frames: object) -> None:
    """Checks that `frames` is a collection of frames.

    Raises:
        TypeError: it is a path or bytes.
    """
    if isinstance(frames, (str, bytes, bytearray, memoryview)):
        raise TypeError(
            f"identify_video takes an iterable of (timestamp_s, image), got one {type(frames).__name__}; "
            "`facegrid video` reads video files"
        )
