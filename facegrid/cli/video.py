"""Say who is seen in a video, and when.

Faces are looked for in every n-th frame and followed in between. A track, one person's face within a shot, is decided
once, from its best pictures. Events are printed as they are known, then all tracks. With --json one line for each frame
instead:

  {"frame": 0, "time_s": 0.0, "width": ..., "height": ...,
   "detected": true, "shot_cut": true, "faces": [
    {"track_id": 1, "subject": NAME or null, "distance": ...,
     "decided": true, "detected": true, "box": [x_min, y_min, x_max, y_max],
     "score": ..., "landmarks": {...}}],
   "events": [{"kind": "entered" or "left", "subject": ..., "track_id": ...,
     "frame": ..., "time_s": ..., "evidence_frames": [...]}]}
  {"frame": 1, "error": {"reason": ..., "message": ...}}

--timeline writes one object: source, counts, threshold, embedder, tracks and events; docs/video.md has all.

Exit code: 0 when every frame was answered; 1 when one failed or was damaged, or the source stopped early; 2 for wrong
usage.

Examples:
  facegrid video party.mp4
  facegrid video party.mp4 --draw named.mp4 --timeline party.json
  facegrid video 0                         the first camera, until Ctrl-C
  facegrid video rtsp://camera.example.org/stream --json | jq -c '.events[]'
"""

import io
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from facegrid.answers.video import FrameResult
from facegrid.cli.arguments import DetectArguments, ServiceArguments, refuse_both
from facegrid.cli.command import command
from facegrid.cli.progress import counting_bar
from facegrid.cli.usage import UsageError
from facegrid.cli.video_report import timeline, write_frame, write_summary
from facegrid.cli.warnings import as_sentences
from facegrid.client.stream.video import IdentifiedVideo
from facegrid.media.draw import draw_faces
from facegrid.media.video.reader import VideoReader
from facegrid.media.video.writer import VideoWriter
from facegrid.media.whole_file import whole_file

_JPEG_QUALITY = 95
"""Faces are recognised as in the source's own frames, at a tenth of the bytes that are sent without loss."""


@command(__doc__)
def video(
    *,
    source: Annotated[
        str, typer.Argument(metavar="FILE|CAMERA|URL", help="a file; a camera, such as 0; or rtsp://...")
    ],
    service: ServiceArguments,
    finding: DetectArguments,
    draw: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the video with names drawn in (.mp4, .mkv, .mov)")
    ] = None,
    timeline_file: Annotated[
        Path | None, typer.Option("--timeline", metavar="FILE", help="write tracks and events as JSON")
    ] = None,
    every: Annotated[
        int | None, typer.Option(metavar="N", help="look for faces in one of N frames; 1 to 300, default 5")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="drop frames that come too fast (cameras and rtsp: always)")
    ] = False,
    window: Annotated[int, typer.Option(metavar="N", help="frames in progress at a time")] = 8,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="X", help="greatest distance at which a track is named; 0 to 10, default: that of verify"),
    ] = None,
    target_false_positive_rate: Annotated[
        float | None, typer.Option(metavar="X", help="instead: share of strangers that may be named; 0.0001 to 0.5")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(metavar="N", help="candidates for each track; 1 to 100, default 5")
    ] = None,
) -> int:
    """Runs the command; returns 0 when every frame was answered, else 1. Ctrl-C ends a live source in order.

    Raises:
        UsageError: An output would overwrite the source, or two ways to draw the line.
        FacegridError: The service cannot be reached, or the connection broke.
        VideoError: The source cannot be read, or the drawn copy cannot be written.
    """
    refuse_both("--threshold", threshold, "--target-false-positive-rate", target_false_positive_rate)
    _check_outputs(source, draw, timeline_file)
    with ExitStack() as stack:
        footage = stack.enter_context(VideoReader(source, live=live, report=_write_sentence))
        client = stack.enter_context(service.connect())
        writer = stack.enter_context(VideoWriter(draw, footage.rate)) if draw else None
        frames = _SentFrames(footage, keep=writer is not None)
        answers = stack.enter_context(
            client.identify_video(
                frames.encoded(),
                detect_every_n=every,
                live=footage.live,
                window=window,
                timeout_s=service.timeout_s,
                threshold=threshold,
                target_false_positive_rate=target_false_positive_rate,
                top_k=top_k,
                **finding.options(),
            )
        )
        stack.callback(footage.stop)  # first of all, for gRPC's thread may be waiting for a frame
        stack.enter_context(as_sentences())
        reported = _report_frames(answers, frames, writer, footage.count, as_json=service.json)
        summary = answers.summary
    if not service.json:
        write_summary(summary, reported)
    if timeline_file:
        _write_timeline(timeline_file, timeline(source, summary))
    for sentence in _what_is_missing(source, footage):
        _write_sentence(sentence)
    sys.stdout.flush()
    is_whole = not (footage.damaged or footage.missing or footage.stopped_early)
    return 0 if is_whole and not summary.failed_frames else 1


def _what_is_missing(source: str, footage: VideoReader) -> list[str]:
    """Returns a sentence for each thing that kept frames from being sent."""
    sentences = []
    if footage.damaged:
        sentences.append(f"{source}: {footage.damaged} frames are damaged and left out")
    if footage.missing:
        sentences.append(f"{source}: {footage.missing} frames are missing; the file is cut off")
    if footage.stopped_early:
        sentences.append(footage.stopped_early)
    return sentences


def _write_timeline(path: Path, content: dict[str, Any]) -> None:
    try:
        with whole_file(path) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise OSError(f"cannot write {path}: {err.strerror}") from err


def _write_sentence(sentence: str) -> None:
    sys.stderr.write(f"facegrid: {sentence}\n")


def _check_outputs(source: str, draw: Path | None, timeline_file: Path | None) -> None:
    for output in (draw, timeline_file):
        if output and output.resolve() == Path(source).resolve():
            raise UsageError(f"{output} would overwrite the video; choose another name")
    if draw and draw.suffix.lower() not in {".mp4", ".mkv", ".mov"}:
        raise UsageError(f"--draw {draw}: choose .mp4, .mkv or .mov")


class _SentFrames:
    """The frames that are sent: encoded for the service, and kept for drawing until they are answered."""

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
        """Returns a frame that was kept, and forgets it and the frames before it, which were dropped."""
        if self._kept is None:
            return None
        for old in [number for number in self._kept if number < index]:
            del self._kept[old]
        return self._kept.pop(index, None)


@contextmanager
def _ended_by_interrupt(frames: _SentFrames) -> Iterator[None]:
    """Lets Ctrl-C end the source, so that frames in progress are answered; a second one ends everything."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's
        frames.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _report_frames(
    answers: IdentifiedVideo,
    frames: _SentFrames,
    writer: VideoWriter | None,
    count: int | None,
    *,
    as_json: bool,
) -> int:
    """Prints and draws every frame; returns the number of events printed."""
    events = 0
    visible = sys.stderr.isatty() and not sys.stdout.isatty()
    with _ended_by_interrupt(frames), counting_bar("video", visible=visible) as progress:
        task = progress.add_task("video", total=count)
        for result in answers:
            write_frame(result, as_json=as_json)
            _draw(result, frames.take(result.index), writer)
            events += len(result.events)
            progress.update(task, completed=result.index + 1)
    return events


def _draw(result: FrameResult, picture: Image.Image | None, writer: VideoWriter | None) -> None:
    if writer is None or picture is None:
        return
    faces = [one.face for one in result.faces]
    writer.write(result.timestamp_s, draw_faces(picture, faces, _labels(result)))


def _labels(result: FrameResult) -> list[str]:
    return [one.subject or ("unknown" if one.decided else "?") for one in result.faces]
