"""What `facegrid video` prints and writes: lines of text, JSON lines, and the timeline."""

import sys
from dataclasses import asdict
from typing import Any

from facegrid.answers.video import FrameResult, TrackDecision, VideoEvent, VideoSummary
from facegrid.cli.output import error_as_json, error_texts, face_as_json, write_json


def write_frame(result: FrameResult, *, as_json: bool) -> None:
    """Writes the events of a frame, or with `as_json` all of the frame, to standard output; its error as well."""
    if as_json:
        write_json(_frame_as_json(result))
    else:
        sys.stdout.writelines(_event_line(event) for event in result.events)
        if result.error is not None:
            sys.stderr.write(f"facegrid: frame {result.index}: {error_texts(result.error)[1]}\n")
    if as_json or result.events:
        sys.stdout.flush()


def write_summary(summary: VideoSummary, reported: int) -> None:
    """Writes the events after the first `reported`, all tracks, and the counts."""
    sys.stdout.writelines(_event_line(event) for event in summary.events[reported:])
    sys.stdout.writelines(_track_line(decision) for decision in summary.decisions)
    sys.stdout.write(_counts_line(summary))


def timeline(source: str, summary: VideoSummary) -> dict[str, Any]:
    """Returns what `--timeline` writes; docs/video.md describes it."""
    return {
        "source": source,
        "frames": summary.frames,
        "failed_frames": summary.failed_frames,
        "detected_frames": summary.detected_frames,
        "dropped_frames": summary.dropped_frames,
        "threshold": summary.threshold,
        "false_positive_rate": summary.false_positive_rate,
        "embedder": asdict(summary.embedder),
        "tracks": [asdict(decision) for decision in summary.decisions],
        "events": [_event_as_json(event) for event in summary.events],
    }


def _frame_as_json(result: FrameResult) -> dict[str, Any]:
    if result.error is not None:
        return {"frame": result.index, "error": error_as_json(result.error)}
    faces = [
        {
            "track_id": one.track_id,
            "subject": one.subject,
            "distance": one.distance,
            "decided": one.decided,
            "detected": one.detected,
            **face_as_json(one.face),
        }
        for one in result.faces
    ]
    return {
        "frame": result.index,
        "time_s": result.timestamp_s,
        "width": result.image_width_px,
        "height": result.image_height_px,
        "detected": result.detected,
        "shot_cut": result.shot_cut,
        "dropped_frames": result.dropped_frames,
        "faces": faces,
        "events": [_event_as_json(event) for event in result.events],
    }


def _event_as_json(event: VideoEvent) -> dict[str, Any]:
    return {
        "kind": str(event.kind),
        "subject": event.subject,
        "track_id": event.track_id,
        "frame": event.frame,
        "time_s": event.timestamp_s,
        "evidence_frames": event.evidence_frames,
    }


def _event_line(event: VideoEvent) -> str:
    return f"{_clock(event.timestamp_s)}  {_name(event.subject, event.track_id)} {event.kind}\n"


def _track_line(decision: TrackDecision) -> str:
    distance = "" if decision.distance is None else f"  distance {decision.distance:.3f}"
    span = f"{_clock(decision.first_s)} - {_clock(decision.last_s)}"
    return f"track {decision.track_id}  {span}  {decision.subject or 'unknown'}{distance}\n"


def _counts_line(summary: VideoSummary) -> str:
    dropped = f", {summary.dropped_frames} dropped" if summary.dropped_frames else ""
    failed = f", {summary.failed_frames} failed" if summary.failed_frames else ""
    return f"{summary.frames} frames, faces looked for in {summary.detected_frames}{dropped}{failed}\n"


def _name(subject: str | None, track_id: int) -> str:
    return subject or f"somebody unknown (track {track_id})"


def _clock(seconds: float) -> str:
    minutes, rest_s = divmod(seconds, 60)
    return f"{int(minutes) // 60:d}:{int(minutes) % 60:02d}:{rest_s:06.3f}"
