"""The protocol of IdentifyVideo: a bounded window of frames, answers in their order.

    reading -> waiting (live sources alone) -> under way: decoded, looked at -> answered in order

Several frames are prepared at a time, and then answered one after the other, since tracks depend on the frame before.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from facegrid.errors import InvalidRequest
from facegrid.v1 import video_pb2
from orchestrator.api.status import public, to_message

_Request = video_pb2.IdentifyVideoRequest
_Response = video_pb2.IdentifyVideoResponse
_Frame = video_pb2.IdentifyVideoRequest.Frame


Prepared = Any
"""A frame that was decoded, with its faces where it was due; of a type of the session's own."""


class VideoSession(Protocol):
    """One video, as `answer_video` needs it."""

    live: bool
    """Whether frames that come too fast are dropped."""
    detect_every_n: int
    """Faces are looked for in one of so many frames."""

    async def prepare(self, frame: _Frame, *, due: bool) -> Prepared:
        """Returns the part of the work that needs no other frame; raises FacegridError."""

    async def answer(self, frame: _Frame, prepared: Prepared) -> video_pb2.FrameResult:
        """Returns what is seen in the next frame; raises FacegridError."""

    async def finish(self) -> video_pb2.VideoSummary:
        """Returns the last decisions and events; raises FacegridError."""


@dataclass
class _Started:
    frame: _Frame
    work: asyncio.Task[Prepared]


async def answer_video(
    requests: AsyncIterator[_Request],
    open_video: Callable[[video_pb2.IdentifyVideoOptions], Awaitable[VideoSession]],
    *,
    window: int,
) -> AsyncGenerator[_Response, None]:
    """Yields the answer to each frame in their order, then the end.

    At most `window` frames are held. A caller that sends faster waits; if the source is live, the frame that has waited
    longest is dropped instead. A caller that half-closes without `End` gets the answers under way and no `end`, since
    a cancelled call looks the same. When the stream is abandoned, all work is cancelled.

    Args:
        requests: The caller's messages.
        open_video: Checks the options and returns the video.
        window: At least 1.

    Raises:
        InvalidRequest: The first message lacks `options`, a later one has them, or one is empty.
        FacegridError: See `open_video`.
    """
    first = await anext(requests, None)
    if first is None:
        return
    if first.WhichOneof("message") != "options":
        raise InvalidRequest(f"the first message has {first.WhichOneof('message') or 'nothing'}, expected `options`")
    try:
        frames = _FrameWindow(requests, await open_video(first.options), window)
    except Exception as err:
        raise public(err) from err
    reading = asyncio.create_task(frames.read_all())
    try:
        async for result in frames.results():
            yield _Response(frame=result)
        if await reading:
            yield _Response(end=await frames.summary())
    except Exception as err:
        raise public(err) from err
    finally:
        reading.cancel()
        await asyncio.gather(reading, *frames.abandon(), return_exceptions=True)


class _FrameWindow:
    """The frames of one stream, from being read to being answered."""

    def __init__(self, requests: AsyncIterator[_Request], video: VideoSession, window: int) -> None:
        self._requests = requests
        self._video = video
        # For a live source half of the window waits: frames under way are not dropped any more.
        self._most_started = max(1, window // 2) if video.live else window
        self._most_waiting = max(1, window - self._most_started)
        self._slots = asyncio.Semaphore(window)
        self._waiting: deque[_Frame] = deque()
        self._started: deque[_Started] = deque()
        self._changed = asyncio.Event()
        self._over = False
        self._order = _Order()
        self._begun = 0
        self._counts = video_pb2.VideoSummary()

    async def read_all(self) -> bool:
        """Reads and starts every frame; returns whether the caller sent `End`."""
        try:
            return await self._read_until_end()
        finally:
            self._over = True
            self._changed.set()

    async def results(self) -> AsyncGenerator[video_pb2.FrameResult, None]:
        """Yields what is seen in each frame, until the last that was read."""
        while (started := await self._next()) is not None:
            result = await self._result(started)
            result.dropped_frames = self._counts.dropped_frames
            yield result
            self._slots.release()

    async def summary(self) -> video_pb2.VideoSummary:
        """Returns the last message."""
        summary = await self._video.finish()
        summary.MergeFrom(self._counts)
        return summary

    def abandon(self) -> list[asyncio.Task[Prepared]]:
        """Cancels what is under way and returns it."""
        tasks = [started.work for started in self._started]
        for task in tasks:
            task.cancel()
        return tasks

    async def _read_until_end(self) -> bool:
        while True:
            if not self._video.live:
                await self._slots.acquire()
            request = await anext(self._requests, None)
            if request is None:
                return False
            match request.WhichOneof("message"):
                case "frame":
                    self._take(request.frame)
                case "end":
                    return True
                case "options":
                    raise InvalidRequest("`options` come a second time; they are sent once, before the first frame")
                case _:
                    raise InvalidRequest("a message has neither `frame` nor `end`")

    def _take(self, frame: _Frame) -> None:
        self._waiting.append(frame)
        self._start()
        if len(self._waiting) > self._most_waiting:
            self._waiting.popleft()
            self._counts.dropped_frames += 1
        self._changed.set()

    def _start(self) -> None:
        while self._waiting and len(self._started) < self._most_started:
            frame = self._waiting.popleft()
            self._started.append(_Started(frame, asyncio.create_task(self._prepare(frame))))

    async def _prepare(self, frame: _Frame) -> Prepared:
        self._order.check(frame)
        due = self._begun % self._video.detect_every_n == 0
        self._begun += 1
        return await self._video.prepare(frame, due=due)

    async def _next(self) -> _Started | None:
        """Returns the next frame, waiting for it; None when there are no more."""
        while not self._started and not self._over:
            self._changed.clear()
            await self._changed.wait()
        return self._started[0] if self._started else None

    async def _result(self, started: _Started) -> video_pb2.FrameResult:
        frame = started.frame
        try:
            result = await self._video.answer(frame, await started.work)
        except Exception as err:  # noqa: BLE001 - of a fault of ours the caller gets an id, and the next frame goes on
            error = to_message(public(err))
            result = video_pb2.FrameResult(index=frame.index, timestamp_ms=frame.timestamp_ms, error=error)
        self._started.popleft()
        self._start()
        self._counts.frames += 1
        self._counts.failed_frames += result.HasField("error")
        self._counts.detected_frames += result.detected
        return result


@dataclass
class _Order:
    """Numbers and times of frames grow."""

    _index: int = field(default=-1)
    _timestamp_ms: int = field(default=0)

    def check(self, frame: _Frame) -> None:
        """Raises InvalidRequest where the frame is not after the one checked before."""
        if frame.index <= self._index:
            raise InvalidRequest(f"a frame's index is {frame.index}, after {self._index}; indices must grow")
        if frame.timestamp_ms < self._timestamp_ms:
            raise InvalidRequest(
                f"timestamp_ms of frame {frame.index} is {frame.timestamp_ms}, after {self._timestamp_ms}; "
                "frames must come in the order of their time"
            )
        self._index, self._timestamp_ms = frame.index, frame.timestamp_ms
