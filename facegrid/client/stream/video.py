"""One video over one call: the bookkeeping of both clients, and what they send first.

It stands in the place of `_ledger.Ledger` in `_stream.py` and `_async_stream.py`, which do the waiting.
A frame has no id of its own: answers come in the order of the frames, and a frame that is passed over
was dropped.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from facegrid.answers.video import (
    AsyncIdentifiedVideo,
    FrameResult,
    IdentifiedVideo,
    TrackDecision,
    VideoEvent,
    VideoSummary,
)
from facegrid.client.status import broken_stream
from facegrid.client.stream.aio import stream as async_stream
from facegrid.client.stream.sync import stream
from facegrid.client.wire.video import END, Frame, frame_message, frame_result_of, summary_of
from facegrid.errors import FacegridError, InternalError
from facegrid.v1 import video_pb2

UNBOUNDED = 2**31
"""Window of a live source: it is the service that drops frames."""


class VideoForm:
    """What is sent for a frame, and at the end; see `_ledger.Form`."""

    encode = staticmethod(frame_message)

    @staticmethod
    def end() -> Any:
        """Returns the explicit last message."""
        return END


class VideoLedger:
    """The frames of one call.

    Args:
        request_id: Of the call, for its errors.
    """

    form = VideoForm

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._admitted = 0
        self._unanswered: list[int] = []
        self._decisions: dict[int, TrackDecision] = {}
        self._events: list[VideoEvent] = []
        self._summary: VideoSummary | None = None
        self._sent = 0

    @property
    def ended(self) -> bool:
        """Whether the service has said that all is answered."""
        return self._summary is not None

    @property
    def summary(self) -> VideoSummary:
        """The whole video; raises RuntimeError before its end."""
        if self._summary is None:
            raise RuntimeError("the summary is there when all frames have been iterated over")
        return self._summary

    @property
    def unanswered(self) -> int:
        """Number of frames that were sent and are neither answered nor dropped."""
        return len(self._unanswered)

    def admit(self, source: Frame) -> int:  # noqa: ARG002 - frames are numbered, whatever they are
        """Returns the number of the next frame."""
        self._admitted += 1
        return self._admitted - 1

    def request(self, index: int, encoded: video_pb2.IdentifyVideoRequest.Frame) -> video_pb2.IdentifyVideoRequest:
        """Returns the message that sends a frame; from here on it is unanswered."""
        encoded.index = index
        self._unanswered.append(index)
        self._sent += 1
        return video_pb2.IdentifyVideoRequest(frame=encoded)

    def refused(self, index: int, error: FacegridError | OSError) -> FrameResult:
        """Returns the answer to a frame that could not even be sent."""
        return FrameResult(index, 0.0, error=error)

    def answer(self, response: video_pb2.IdentifyVideoResponse) -> FrameResult | None:
        """Returns what is seen in a frame, or None where the service says that it has answered all.

        Raises:
            InternalError: an answer to a frame that is not waiting for one.
        """
        if response.WhichOneof("message") == "end":
            self._unanswered.clear()  # those that are left were dropped
            self._summary = summary_of(response.end, self._decisions, self._events)
            return None
        result = frame_result_of(response.frame, self._request_id)
        if result.index not in self._unanswered:
            raise InternalError(f"the service answered frame {result.index}, which is not waiting for an answer")
        self._unanswered = [index for index in self._unanswered if index > result.index]
        self._decisions |= {decision.track_id: decision for decision in result.decisions}
        self._events += result.events
        return result

    def broken(self, cause: FacegridError | None) -> FacegridError:
        """Returns the error for a call that is over without its end, by its cause; None is an orderly close."""
        count = f"{self.unanswered} of the {self._sent} frames sent are unanswered"
        return broken_stream(cause, count, self._request_id)


def open_video(
    start: Callable[[Iterator[Any]], Any],
    request_id: str,
    frames: Iterable[Frame],
    first: Any,
    *,
    target: str,
    window: int,
    wait_s: float,
) -> IdentifiedVideo:
    """Returns the answers to a video, for threads.

    Args:
        start: Begins the call; the stub's method.
        request_id: That it sends.
        frames: Read lazily, in another thread.
        first: The message with the options.
        target: Named in errors.
        window: Most frames that are read and whose answer has not been yielded.
        wait_s: Longest wait for any answer while one is due.
    """
    ledger: Any = VideoLedger(request_id)
    results = stream(
        lambda requests: start(chain([first], requests)),
        iter(frames),
        ledger,
        target=target,
        window=window,
        stall_s=wait_s,
    )
    return IdentifiedVideo(results, ledger)


def open_video_async(
    start: Callable[[], Any],
    request_id: str,
    frames: AsyncIterator[Frame],
    first: Any,
    *,
    target: str,
    window: int,
    wait_s: float,
) -> AsyncIdentifiedVideo:
    """Returns the answers to a video, for asyncio; see `open_video`."""
    ledger: Any = VideoLedger(request_id)
    results = async_stream(
        lambda: _AsyncCall(first, start()), frames, ledger, target=target, window=window, stall_s=wait_s
    )
    return AsyncIdentifiedVideo(results, ledger)


class _AsyncCall:
    """A call of asyncio that sends one more message before the first."""

    def __init__(self, first: Any, call: Any) -> None:
        self._first = first
        self._call = call

    async def write(self, message: Any) -> None:
        """Sends a message."""
        if self._first is not None:
            first, self._first = self._first, None
            await self._call.write(first)
        await self._call.write(message)

    async def done_writing(self) -> None:
        """Says that there are no more."""
        await self._call.done_writing()

    def __aiter__(self) -> AsyncIterator[Any]:
        """Iterates over the answers."""
        answers: AsyncIterator[Any] = aiter(self._call)
        return answers

    def cancel(self) -> None:
        """Ends the call."""
        self._call.cancel()
