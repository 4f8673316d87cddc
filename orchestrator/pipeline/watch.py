"""The story of one frame of a video: follow what was in view, look for faces where it is time, decide, tell.

    frame -> shots (a cut ends all tracks) -> follow -> [look] -> tracker -> [search] -> decide -> presence

What looks at pictures and searches the gallery is given; everything else is arithmetic.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.pipeline.decide import decide
from orchestrator.pipeline.follow import Grey, follow, to_grey
from orchestrator.pipeline.presence import Presence, PresenceEvent
from orchestrator.pipeline.shots import Thumbnail, is_cut, thumbnail
from orchestrator.pipeline.track import Decision, FrameFaces, FrameStamp, SubjectCandidate, Track
from orchestrator.pipeline.tracker import Tracker
from orchestrator.threads import in_thread
from orchestrator.types import Floats, Image


@dataclass(frozen=True)
class Neighbours:
    """What the gallery knows of some vectors."""

    candidates: Sequence[tuple[SubjectCandidate, ...]]
    """For each vector the nearest subjects, nearest first."""
    threshold: float
    """Greatest distance at which a track is named; it may change with the gallery."""


Search = Callable[[Floats], Awaitable[Neighbours]]
"""Looks up vectors [N, D], N at least 1."""

SHOT_LOOKS = 3
"""Frames at the beginning of a shot that are all looked at: in the first, faces are often blurred or half turned."""

Look = Callable[[], Awaitable[FrameFaces]]
"""Returns the faces of the frame at hand."""


@dataclass(frozen=True)
class FrameSketch:
    """What is kept of a frame until the next has been compared with it."""

    width_px: int
    height_px: int
    thumbnail: Thumbnail
    grey: Grey


def sketch(image: Image) -> FrameSketch:
    """Returns the sketch of a frame, RGB uint8 [height, width, 3]."""
    return FrameSketch(image.shape[1], image.shape[0], thumbnail(image), to_grey(image))


@dataclass(frozen=True)
class ReportedDecision:
    """A decision on a track, and how far the track reaches."""

    track: int
    first: FrameStamp
    last: FrameStamp
    ended: bool
    decision: Decision


@dataclass(frozen=True)
class FrameView:
    """What is seen in one frame."""

    tracks: tuple[Track, ...]
    """In view, by number; they change with the next frame."""
    told: tuple[ReportedDecision, ...]
    """Decisions that were made or changed, and those on tracks that ended."""
    events: tuple[PresenceEvent, ...]
    looked: bool
    """Faces were looked for."""
    cut: bool
    """A new shot begins."""


class VideoWatcher:
    """Watches one video.

    Args:
        search: Finds the nearest subjects.
        same_person: Distance up to which two vectors are taken for one person's.
        unit: Whether vectors have length 1.
        top_k: Candidates that a decision tells.
    """

    def __init__(self, search: Search, *, same_person: float, unit: bool, top_k: int) -> None:
        self._search = search
        self._top_k = top_k
        self._threshold = 0.0  # of the last search; before the first nothing is decided
        self._tracker = Tracker(threshold=same_person, unit=unit)
        self._presence = Presence()
        self._before: FrameSketch | None = None
        self._now: FrameStamp | None = None
        self._fresh_frames = 0
        """Frames of the shot that are still looked at, whatever is due."""
        self._ended: list[Track] = []
        """Ended and not told yet: telling fails where the gallery does, and is made up for with the next frame."""
        self._told: dict[int, str | None] = {}
        """The subject told last of each track that has one and has not ended."""

    async def step(self, frame: FrameSketch, now: FrameStamp, look: Look, *, due: bool) -> FrameView:
        """Returns what is seen in the next frame.

        Args:
            frame: The frame.
            now: Its number and time, which grow from frame to frame.
            look: Finds its faces; called where it is due, where a shot or a track is new, and where one is lost.
            due: It is time to look for faces.

        Raises:
            FacegridError: What `look` and `search` raise. Tracks go on with the next frame, as they do when this
                one is cancelled.
        """
        cut = lost = False
        if self._before is None or _is_cut(self._before, frame):
            cut = True
            self._fresh_frames = SHOT_LOOKS
            self._ended += self._tracker.end_shot()
        else:
            boxes = self._tracker.boxes
            followed = await in_thread(follow, self._before.grey, frame.grey, boxes)
            lost = self._tracker.move(followed, now, width_px=frame.width_px, height_px=frame.height_px)
        self._before, self._now, self._fresh_frames = frame, now, self._fresh_frames - 1
        looked = due or self._fresh_frames >= 0 or lost or self._tracker.curious(now)
        if looked:
            await self._update(await look(), now)
        self._ended += self._tracker.end_lost(now)
        told, events = await self._tell(now)
        return FrameView(tuple(self._tracker.in_view), told, events, looked, cut)

    async def finish(self) -> FrameView:
        """Returns what is left to tell at the end of the video: decisions, and that everybody leaves.

        Raises:
            FacegridError: What `search` raises.
        """
        if self._now is None:
            return FrameView((), (), (), looked=False, cut=False)
        self._ended += self._tracker.end_shot()
        told, events = await self._tell(self._now)
        return FrameView((), told, (*events, *self._presence.finish()), looked=False, cut=False)

    async def _update(self, faces: FrameFaces, now: FrameStamp) -> None:
        newcomers = self._tracker.update(faces, now)
        known = await self._known_as(faces.vectors[newcomers], now)
        for position, track in zip(newcomers, known, strict=True):
            self._tracker.begin(faces, position, now, absent=track)

    async def _known_as(self, vectors: Floats, now: FrameStamp) -> list[Track | None]:
        """Returns for each newcomer the absent track of the same subject, if there is one."""
        waiting = {track.decision.subject: track for track in self._tracker.absent(now) if track.decision}
        waiting.pop(None, None)
        if not waiting or not len(vectors):
            return [None] * len(vectors)
        found = await self._look_up(vectors)
        near = [c[0].subject if c and c[0].distance <= found.threshold else None for c in found.candidates]
        return [waiting.pop(subject, None) if subject is not None else None for subject in near]

    async def _tell(self, now: FrameStamp) -> tuple[tuple[ReportedDecision, ...], tuple[PresenceEvent, ...]]:
        """Decides, and returns the decisions and the events that are new."""
        await self._decide()
        tracks = [*self._ended, *self._tracker.in_view]
        told = [
            ReportedDecision(track.number, track.first, track.last, track.ended, track.decision)
            for track in sorted(tracks, key=lambda track: track.number)
            if track.decision and (track.ended or self._told.get(track.number, "") != track.decision.subject)
        ]
        self._told |= {one.track: one.decision.subject for one in told}
        for track in self._ended:
            self._told.pop(track.number, None)
        events = self._presence.update(tracks, now)
        self._ended = []
        return tuple(told), tuple(events)

    async def _decide(self) -> None:
        fresh = [track for track in [*self._ended, *self._tracker.in_view] if track.fresh and track.confirmed]
        if not fresh:
            return
        found = await self._look_up(np.stack([track.evidence.vector() for track in fresh]))
        for track, candidates in zip(fresh, found.candidates, strict=True):
            track.candidates, track.fresh = candidates, False
        settled = [track for track in self._ended if track not in fresh]
        away = [*self._tracker.lost, *settled]
        for together in ([track for track in self._ended if track in fresh], self._tracker.in_view):
            decide(together, away, threshold=self._threshold, top_k=self._top_k)

    async def _look_up(self, vectors: Floats) -> Neighbours:
        found = await self._search(vectors)
        self._threshold = found.threshold
        return found


def _is_cut(before: FrameSketch, frame: FrameSketch) -> bool:
    same_size = (before.width_px, before.height_px) == (frame.width_px, frame.height_px)
    return not same_size or is_cut(before.thumbnail, frame.thumbnail)
