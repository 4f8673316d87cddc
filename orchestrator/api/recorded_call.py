"""Records for the observer how requests are answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from facegrid.errors import FacegridError
from facegrid.v1 import video_pb2
from orchestrator.api.methods import VIDEO
from orchestrator.api.status import status_code
from orchestrator.api.video_stream import Prepared, VideoSession
from orchestrator.observer import ObservedRequest, Observer, Origin, observed_by


@contextmanager
def recorded_call(observer: Observer, method: str, origin: Origin, *, item: bool = False) -> Iterator[None]:
    """Makes `observer` the observer of the block, which answers a unary call or one item of a stream."""
    with observed_by(observer), observer.request(method, origin, item=item) as request, errors_recorded(request):
        yield


@contextmanager
def errors_recorded(request: ObservedRequest) -> Iterator[None]:
    """Records the error that ends the block as the request's."""
    try:
        yield
    except FacegridError as err:
        request.failed(status_code(err).name, err.reason)
        raise


class RecordedVideo:
    """A `VideoSession` each of whose frames is an item for the observer."""

    def __init__(self, video: VideoSession, observer: Observer, origin: Origin) -> None:
        self.live = video.live
        self.detect_every_n = video.detect_every_n
        self._video = video
        self._observer = observer
        self._origin = origin

    async def prepare(self, frame: video_pb2.IdentifyVideoRequest.Frame, *, due: bool) -> Prepared:
        """See `VideoSession.prepare`."""
        with recorded_call(self._observer, VIDEO, self._origin, item=True):
            return await self._video.prepare(frame, due=due)

    async def answer(self, frame: video_pb2.IdentifyVideoRequest.Frame, prepared: Prepared) -> video_pb2.FrameResult:
        """See `VideoSession.answer`."""
        with observed_by(self._observer):
            return await self._video.answer(frame, prepared)

    async def finish(self) -> video_pb2.VideoSummary:
        """See `VideoSession.finish`."""
        with observed_by(self._observer):
            return await self._video.finish()
