"""One video over one call, for both clients.

A frame has no id of its own: answers come in the order of the frames, and a frame that is passed over was dropped.
`sync.py` and `aio.py` do the waiting, as for pictures.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType

from google.protobuf.message import Message

from facegrid.answers.video import FrameResult, TrackDecision, VideoEvent, VideoSummary
from facegrid.client.calls import IDENTIFY_VIDEO
from facegrid.client.stream.ledger import Admitted, Ledger
from facegrid.client.wire.video import END, Frame, frame_message, summary_of
from facegrid.errors import FacegridError, InternalError
from facegrid.v1 import video_pb2

UNBOUNDED = 2**31
"""Window of a live source, of which the service drops frames."""


class VideoLedger(Ledger[Frame, FrameResult]):
    """The frames of one call, by their index.

    Args:
        options: The first message.
        request_id: Of the call, for its errors.
    """

    def __init__(self, options: Message, request_id: str) -> None:
        super().__init__("frames", request_id)
        self._options = options
        self._unanswered: list[int] = []
        self._decisions: dict[int, TrackDecision] = {}
        self._events: list[VideoEvent] = []
        self._summary: VideoSummary | None = None

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

    def opening(self) -> list[Message]:
        """Returns the options."""
        return [self._options]

    def end(self) -> Message:
        """See `Ledger`."""
        return END

    def encode(self, item: Admitted[Frame]) -> Message:
        """See `Ledger`."""
        return frame_message(item.index, item.source)

    def refused(self, item: Admitted[Frame], error: FacegridError | OSError) -> FrameResult:
        """See `Ledger`."""
        return FrameResult(item.index, 0.0, error=error)

    def answer(self, response: video_pb2.IdentifyVideoResponse) -> FrameResult | None:
        """See `Ledger`."""
        if response.WhichOneof("message") == "end":
            self._unanswered.clear()  # those that are left were dropped
            self._summary = summary_of(response.end, self._decisions, self._events)
            self.ended = True
            return None
        result = IDENTIFY_VIDEO.read(response.frame)
        if result.index not in self._unanswered:
            raise InternalError(f"the service answered frame {result.index}, which is not waiting for an answer")
        if isinstance(result.error, FacegridError):
            result.error.request_id = self._request_id
        self._unanswered = [index for index in self._unanswered if index > result.index]
        self._decisions |= {decision.track_id: decision for decision in result.decisions}
        self._events += result.events
        return result

    def _await(self, item: Admitted[Frame]) -> None:
        self._unanswered.append(item.index)


class IdentifiedVideo(Iterator[FrameResult], AbstractContextManager["IdentifiedVideo"]):
    """Iterates over the results of a video, frame by frame in their order; `summary` is set after the last."""

    def __init__(self, results: Generator[FrameResult, None, None], ledger: VideoLedger) -> None:
        self._results = results
        self._ledger = ledger

    @property
    def summary(self) -> VideoSummary:
        """The whole video.

        Raises:
            RuntimeError: not all frames have been iterated over.
        """
        return self._ledger.summary

    def __next__(self) -> FrameResult:
        return next(self._results)

    def close(self) -> None:
        """Ends the call, if it is not over."""
        self._results.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncIdentifiedVideo(AsyncIterator[FrameResult], AbstractAsyncContextManager["AsyncIdentifiedVideo"]):
    """The twin of `IdentifiedVideo` for asyncio."""

    def __init__(self, results: AsyncGenerator[FrameResult, None], ledger: VideoLedger) -> None:
        self._results = results
        self._ledger = ledger

    @property
    def summary(self) -> VideoSummary:
        """The whole video; see `IdentifiedVideo.summary`."""
        return self._ledger.summary

    async def __anext__(self) -> FrameResult:
        return await anext(self._results)

    async def aclose(self) -> None:
        """Ends the call, if it is not over."""
        await self._results.aclose()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
