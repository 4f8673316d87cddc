"""What is seen in a video: to the messages of facegrid.v1."""

from facegrid.v1 import video_pb2
from orchestrator.api.wire.faces import to_face
from orchestrator.pipeline.presence import EventKind, PresenceEvent
from orchestrator.pipeline.track import FrameStamp, Track
from orchestrator.pipeline.watch import FrameSketch, FrameView, ReportedDecision

_KINDS = {
    EventKind.ENTERED: video_pb2.VideoEvent.KIND_ENTERED,
    EventKind.LEFT: video_pb2.VideoEvent.KIND_LEFT,
}


def to_frame_result(view: FrameView, now: FrameStamp, frame: FrameSketch) -> video_pb2.FrameResult:
    """Returns the answer to a frame."""
    return video_pb2.FrameResult(
        index=now.frame,
        timestamp_ms=now.timestamp_ms,
        faces=[_face(track, now, frame) for track in view.tracks],
        events=[_event(event) for event in view.events],
        decisions=[_decision(decision) for decision in view.decisions],
        detected=view.detected,
        shot_cut=view.shot_cut,
        image_width_px=frame.width_px,
        image_height_px=frame.height_px,
    )


def to_summary(view: FrameView, *, threshold: float, false_positive_rate: float | None) -> video_pb2.VideoSummary:
    """Returns the last message, but for the counts."""
    return video_pb2.VideoSummary(
        decisions=[_decision(decision) for decision in view.decisions],
        events=[_event(event) for event in view.events],
        threshold=threshold,
        false_positive_rate=false_positive_rate,
    )


def _face(track: Track, now: FrameStamp, frame: FrameSketch) -> video_pb2.TrackedFace:
    decision = track.decision
    box = track.box.clip(0, [frame.width_px - 1, frame.height_px - 1] * 2)
    return video_pb2.TrackedFace(
        track_id=track.number,
        face=to_face(box, track.score, track.landmarks),
        detected=track.found_last == now,
        subject=decision.subject if decision else None,
        distance=decision.distance if decision else None,
        decided=decision is not None,
    )


def _decision(reported: ReportedDecision) -> video_pb2.TrackDecision:
    decision = video_pb2.TrackDecision(
        track_id=reported.track,
        subject=reported.decision.subject,
        distance=reported.decision.distance,
        evidence_frames=reported.decision.frames,
        first_frame=reported.first.frame,
        last_frame=reported.last.frame,
        first_timestamp_ms=reported.first.timestamp_ms,
        last_timestamp_ms=reported.last.timestamp_ms,
        ended=reported.ended,
    )
    for candidate in reported.decision.candidates:
        decision.candidates.add(subject=candidate.subject, distance=candidate.distance)
    return decision


def _event(event: PresenceEvent) -> video_pb2.VideoEvent:
    return video_pb2.VideoEvent(
        kind=_KINDS[event.kind],
        track_id=event.track,
        subject=event.subject,
        frame_index=event.at.frame,
        timestamp_ms=event.at.timestamp_ms,
        evidence_frames=event.frames,
    )
