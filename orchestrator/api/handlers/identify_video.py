"""IdentifyVideo: the people in a video."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from exporters.signatures import EmbedderContract
from facegrid.errors import InvalidOption
from facegrid.v1 import identify_pb2, verify_pb2, video_pb2
from orchestrator.api.embedders import gallery_embedder, gallery_version, to_embedder
from orchestrator.api.handlers.identify import to_top_k
from orchestrator.api.pictures import Pictures
from orchestrator.api.thresholds import identify_threshold, verify_threshold
from orchestrator.api.video_stream import VideoSession, answer_video
from orchestrator.api.wire.faces import to_options
from orchestrator.api.wire.video import to_frame_result, to_summary
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import Gallery
from orchestrator.pipeline.track import FrameFaces, FrameStamp, SubjectCandidate
from orchestrator.pipeline.watch import FrameSketch, Neighbours, VideoWatcher
from orchestrator.predict.versions import Versions
from orchestrator.settings import Settings
from orchestrator.types import Floats, RecognizedFaces

DEFAULT_DETECT_EVERY_N = 5
MAX_DETECT_EVERY_N = 300

_LEAST_CANDIDATES = 10
"""Least number of subjects looked up for a track, so that each of as many tracks in view can get another subject."""


class IdentifyVideoHandler:
    """Answers IdentifyVideo.

    Args:
        pictures: Finds faces in frames.
        gallery: Holds the enrolled people.
        settings: The window, times, and the embedder of a new gallery.
        versions: Chooses the versions of the networks for a frame.
    """

    def __init__(self, pictures: Pictures, gallery: Gallery, settings: Settings, versions: Versions) -> None:
        self._pictures = pictures
        self._gallery = gallery
        self._settings = settings
        self._versions = versions

    def answer(
        self,
        requests: AsyncIterator[video_pb2.IdentifyVideoRequest],
        wrap: Callable[[VideoSession], VideoSession] = lambda video: video,
    ) -> AsyncGenerator[video_pb2.IdentifyVideoResponse, None]:
        """Returns the answers to one video; see `answer_video`.

        Args:
            requests: The caller's messages.
            wrap: Wraps the session that the options open.

        Raises:
            InvalidOption, GalleryMismatch, GalleryUnavailable: Before the first answer.
            InvalidRequest: See `answer_video`.
        """

        async def open_video(options: video_pb2.IdentifyVideoOptions) -> VideoSession:
            return wrap(await self._open(options))

        return answer_video(requests, open_video, window=self._settings.stream_window)

    async def _open(self, options: video_pb2.IdentifyVideoOptions) -> "_IdentifySession":
        timeout_s = self._settings.budget_s(options.timeout_ms)
        contract = await gallery_embedder(self._gallery, self._settings.embedder_version, Deadline(timeout_s))
        video = _IdentifySession(
            options, self._pictures, self._gallery, contract, timeout_s=timeout_s, versions=self._versions
        )
        await video.judge(Deadline(timeout_s))
        return video


@dataclass(frozen=True)
class _Prepared:
    sketch: FrameSketch
    people: RecognizedFaces | None
    """None: faces were not looked for."""


class _IdentifySession:
    """Implements `orchestrator.api.video_stream.VideoSession`."""

    def __init__(
        self,
        options: video_pb2.IdentifyVideoOptions,
        pictures: Pictures,
        gallery: Gallery,
        contract: EmbedderContract,
        *,
        timeout_s: float,
        versions: Versions,
    ) -> None:
        self.live = options.live
        self.detect_every_n = _to_every_n(options)
        self._detect_options = to_options(options.detect_options)
        same_person, _ = verify_threshold(verify_pb2.VerifyRequest(), contract.version)
        self._identify_options = _with_threshold(options.identify_options, same_person)
        self._pictures = pictures
        self._gallery = gallery
        self._contract = contract
        self._embedder = gallery_version(contract)
        self._timeout_s = timeout_s
        self._versions = versions
        self._top_k = to_top_k(options.identify_options)
        self._threshold = 0.0
        self._rate: float | None = None
        self._watch = VideoWatcher(
            self._search,
            same_person=same_person,
            unit=contract.metric == "euclidean, unit",
            top_k=self._top_k,
        )

    async def judge(self, deadline: Deadline) -> None:
        """Sets the distance up to which a track is named, for the gallery's present size."""
        with deadline.waiting_for("the gallery"):
            size = await self._gallery.size(self._embedder)
        self._threshold, self._rate = identify_threshold(self._identify_options, self._contract.version, size)

    async def prepare(self, frame: video_pb2.IdentifyVideoRequest.Frame, *, due: bool) -> _Prepared:
        """See `VideoSession.prepare`."""
        async with _budget(self._timeout_s) as deadline:
            return await self._look_at(frame, deadline, look=due)

    async def answer(self, frame: video_pb2.IdentifyVideoRequest.Frame, prepared: _Prepared) -> video_pb2.FrameResult:
        """See `VideoSession.answer`."""
        async with _budget(self._timeout_s) as deadline:

            async def look() -> FrameFaces:
                people = prepared.people
                if people is None:  # not looked for; an empty result is not None
                    people = (await self._look_at(frame, deadline, look=True)).people
                assert people is not None  # noqa: S101 - `look` is set
                return FrameFaces(people.faces, people.embeddings.vectors)

            now = FrameStamp(frame.index, frame.timestamp_ms)
            view = await self._watch.step(prepared.sketch, now, look, due=prepared.people is not None)
            return to_frame_result(view, now, prepared.sketch)

    async def finish(self) -> video_pb2.VideoSummary:
        """See `VideoSession.finish`."""
        async with _budget(self._timeout_s):
            view = await self._watch.finish()
        summary = to_summary(view, threshold=self._threshold, false_positive_rate=self._rate)
        summary.embedder.CopyFrom(to_embedder(self._embedder))
        return summary

    async def _look_at(
        self, frame: video_pb2.IdentifyVideoRequest.Frame, deadline: Deadline, *, look: bool
    ) -> _Prepared:
        # One request of `versions` for each frame, not for the video: a video may last for days, and would keep its
        # version in use as long.
        with self._versions.request():
            sketch, people = await self._pictures.sketch(
                frame.image, self._detect_options, deadline, version=self._contract.version, look=look
            )
        return _Prepared(sketch, people)

    async def _search(self, vectors: Floats) -> Neighbours:
        await self.judge(Deadline(self._timeout_s))
        found = await self._gallery.search(vectors, self._embedder, k=max(self._top_k, _LEAST_CANDIDATES))
        candidates = [tuple(SubjectCandidate(match.subject, match.distance) for match in one.best) for one in found]
        return Neighbours(candidates, self._threshold)


@asynccontextmanager
async def _budget(timeout_s: float) -> AsyncIterator[Deadline]:
    """Bounds the block in time.

    Raises:
        DeadlineExceeded: It takes longer.
    """
    deadline = Deadline(timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            yield deadline
    except TimeoutError:
        raise deadline.exceeded() from None


def _with_threshold(options: identify_pb2.IdentifyOptions, default: float) -> identify_pb2.IdentifyOptions:
    """Returns the options, with a threshold where they leave it open.

    Identify's own default is smaller, since it decides by a single picture, and a track has many.
    """
    chosen = identify_pb2.IdentifyOptions()
    chosen.CopyFrom(options)
    if options.WhichOneof("decision") is None:
        chosen.threshold = default
    return chosen


def _to_every_n(options: video_pb2.IdentifyVideoOptions) -> int:
    every_n = options.detect_every_n if options.HasField("detect_every_n") else DEFAULT_DETECT_EVERY_N
    if not 1 <= every_n <= MAX_DETECT_EVERY_N:
        raise InvalidOption(f"detect_every_n is {every_n}, allowed are 1 to {MAX_DETECT_EVERY_N}")
    return every_n
