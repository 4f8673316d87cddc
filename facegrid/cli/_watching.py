"""What `facegrid video` does: frames out of the source, answers into text, JSON and the drawn copy."""

import argparse
import io
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from facegrid.answers.video import FrameResult, IdentifiedVideo, TrackDecision, VideoEvent, VideoSummary
from facegrid.cli._access import connect
from facegrid.cli._report import error_as_json, error_texts, face_as_json
from facegrid.cli._warnings import as_sentences
from facegrid.media.draw import draw_faces
from facegrid.media.video.reader import VideoReader
from facegrid.media.video.writer import VideoWriter
from facegrid.media.whole_file import whole_file

_JPEG_QUALITY = 95
"""Faces are recognised as in the source's own frames, at a tenth of the bytes that are sent without loss."""


def watch(args: argparse.Namespace, options: dict[str, Any]) -> int:
    """Watches the source; returns 0 when every frame was answered, else 1. Ctrl-C ends a live source in order."""
    with ExitStack() as stack:
        footage = stack.enter_context(VideoReader(args.source, live=args.live, report=_say))
        client = stack.enter_context(connect(args))
        writer = stack.enter_context(VideoWriter(args.draw, footage.rate)) if args.draw else None
        frames = _Frames(footage, keep=writer is not None)
        video = stack.enter_context(
            client.identify_video(
                frames.encoded(),
                detect_every_n=args.every,
                live=footage.live,
                window=args.window,
                timeout_s=args.timeout_s,
                **options,
            )
        )
        stack.callback(footage.stop)  # first of all, for gRPC's thread may be waiting for a frame
        stack.enter_context(as_sentences())
        told = _show(video, frames, writer, footage.count, as_json=args.json)
        summary = video.summary
    _finish(args, footage, summary, told)
    is_whole = not (footage.damaged or footage.missing or footage.stopped_early)
    return 0 if is_whole and not summary.failed_frames else 1


class _Frames:
    """The frames on their way: encoded for the service, and kept for drawing until they are answered."""

    def __init__(self, footage: VideoReader, *, keep: bool) -> None:
        self._footage = footage
        self._kept: dict[int, Image.Image] | None = {} if keep else None

    def encoded(self) -> Iterator[tuple[float, bytes]]:
        """Yields what is sent; runs in gRPC's thread."""
        for index, (time_s, pixels) in enumerate(self._footage.frames()):
            picture = Image.fromarray(np.ascontiguousarray(pixels))
            if self._kept is not None:
                self._kept[index] = picture
            file = io.BytesIO()
            picture.save(file, format="JPEG", quality=_JPEG_QUALITY, subsampling=0)
            yield time_s, file.getvalue()

    def stop(self) -> None:
        """Ends the source."""
        self._footage.stop()

    def take(self, index: int) -> Image.Image | None:
        """Returns a frame that was kept, and forgets it and those before it, which were dropped."""
        if self._kept is None:
            return None
        for old in [number for number in self._kept if number < index]:
            del self._kept[old]
        return self._kept.pop(index, None)


@contextmanager
def _ended_by_interrupt(frames: _Frames) -> Iterator[None]:
    """Lets Ctrl-C end the source, so that what is under way is answered; a second one ends everything."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's
        frames.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _show(
    video: IdentifiedVideo, frames: _Frames, writer: VideoWriter | None, count: int | None, *, as_json: bool
) -> int:
    """Shows every frame; returns the number of events told."""
    told = 0
    visible = sys.stderr.isatty() and not sys.stdout.isatty()
    columns: tuple[Any, ...] = (TextColumn("video"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        _ended_by_interrupt(frames),
        Progress(
            *columns, console=Console(stderr=True), transient=True, disable=not visible, redirect_stdout=False
        ) as progress,
    ):
        bar = progress.add_task("video", total=count)
        for result in video:
            _report(result, as_json=as_json)
            _draw(result, frames.take(result.index), writer)
            told += len(result.events)
            progress.update(bar, completed=result.index + 1)
    return told


def _report(result: FrameResult, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_frame_as_json(result)) + "\n")
    else:
        sys.stdout.writelines(_event_line(event) for event in result.events)
        if result.error is not None:
            sys.stderr.write(f"facegrid: frame {result.index}: {error_texts(result.error)[1]}\n")
    if as_json or result.events:
        sys.stdout.flush()


def _draw(result: FrameResult, picture: Image.Image | None, writer: VideoWriter | None) -> None:
    if writer is None or picture is None:
        return
    faces = [one.face for one in result.faces]
    writer.write(result.timestamp_s, draw_faces(picture, faces, _labels(result)))


def _labels(result: FrameResult) -> list[str]:
    return [one.subject or ("unknown" if one.decided else "?") for one in result.faces]


def _finish(args: argparse.Namespace, footage: VideoReader, summary: VideoSummary, told: int) -> None:
    if not args.json:
        sys.stdout.writelines(_event_line(event) for event in summary.events[told:])
        sys.stdout.writelines(_track_line(decision) for decision in summary.decisions)
        sys.stdout.write(_counts_line(summary))
    if args.timeline:
        _write_timeline(args.timeline, timeline(args.source, summary))
    if footage.damaged:
        _say(f"{args.source}: {footage.damaged} frames are damaged and left out")
    if footage.missing:
        _say(f"{args.source}: {footage.missing} frames are missing; the file is cut off")
    if footage.stopped_early:
        _say(footage.stopped_early)


def _write_timeline(path: Path, content: dict[str, Any]) -> None:
    try:
        with whole_file(path) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise OSError(f"cannot write {path}: {err.strerror}") from err


def _say(sentence: str) -> None:
    sys.stderr.write(f"facegrid: {sentence}\n")


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
