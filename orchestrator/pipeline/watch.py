"""The steps for one frame of a video: follow the tracks, look for faces when it is due, decide, report.

    frame -> shots (a cut ends all tracks) -> follow -> [look] -> tracker -> [search] -> decide -> presence

The caller gives the functions that find faces and search the gallery; everything else is arithmetic.
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
    """The subjects of the gallery that are nearest to some vectors."""

    candidates: Sequence[tuple[SubjectCandidate, ...]]
    """For each vector the nearest subjects, nearest first."""
    threshold: float
    """Greatest distance at which a track is named; it may change as the gallery does."""


Search = Callable[[Floats], Awaitable[Neighbours]]
"""Searches the gallery for vectors [N, D], N at least 1."""

SHOT_LOOKS = 3
"""Frames at the beginning of a shot in which faces are always looked for: in the first they are often blurred or half
turned."""

Look = Callable[[], Awaitable[FrameFaces]]
"""Returns the faces of the frame at hand."""


@dataclass(frozen=True)
class FrameSketch:
    """The part of a frame that is kept until the next has been compared with it."""

    width_px: int
    height_px: int
    thumbnail: Thumbnail
    grey: Grey


def sketch(image: Image) -> FrameSketch:
    """Returns the sketch of a frame, RGB uint8 [height, width, 3]."""
    return FrameSketch(image.shape[1], image.shape[0], thumbnail(image), to_grey(image))


@dataclass(frozen=True)
class ReportedDecision:
    """A decision on a track, with the track's first and last frame."""

    track: int
    first: FrameStamp
    last: FrameStamp
    ended: bool
    decision: Decision


@dataclass(frozen=True)
class FrameView:
    """The tracks, decisions and events of one frame."""

    tracks: tuple[Track, ...]
    """In view, by number; they change with the next frame."""
    decisions: tuple[ReportedDecision, ...]
    """Decisions that were made or changed, and those on tracks that ended."""
    events: tuple[PresenceEvent, ...]
    detected: bool
    """Whether faces were looked for."""
    shot_cut: bool
    """Whether a new shot begins."""


class VideoWatcher:
    """Tracks and identifies the people of one video.

    Args:
        search: Finds the nearest subjects.
        same_person: Distance up to which two vectors are taken for one person.
        unit: Whether vectors have length 1.
        top_k: Most candidates in a decision.
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
        """Frames of the shot in which faces are still looked for, due or not."""
        self._ended: list[Track] = []
        """Tracks that have ended and are not yet reported. A report fails if the gallery does; it is repeated with the
        next frame."""
        self._reported: dict[int, str | None] = {}
        """The subject last reported for each track that has a decision and has not ended."""

    async def step(self, frame: FrameSketch, now: FrameStamp, look: Look, *, due: bool) -> FrameView:
        """Returns the tracks, decisions and events of the next frame.

        Args:
            frame: The frame.
            now: Its number and time, which grow from frame to frame.
            look: Finds its faces; called when it is due, when a shot or a track is new, and when one is lost.
            due: Whether it is time to look for faces.

        Raises:
            FacegridError: What `look` and `search` raise. Tracks go on with the next frame, also after a cancellation.
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
        looked = due or self._fresh_frames >= 0 or lost or self._tracker.needs_detection(now)
        if looked:
            await self._update(await look(), now)
        self._ended += self._tracker.end_lost(now)
        decisions, events = await self._report(now)
        return FrameView(tuple(self._tracker.in_view), decisions, events, looked, cut)

    async def finish(self) -> FrameView:
        """Returns the last decisions, and the events of all people leaving, at the end of the video.

        Raises:
            FacegridError: What `search` raises.
        """
        if self._now is None:
            return FrameView((), (), (), detected=False, shot_cut=False)
        self._ended += self._tracker.end_shot()
        decisions, events = await self._report(self._now)
        return FrameView((), decisions, (*events, *self._presence.finish()), detected=False, shot_cut=False)

    async def _update(self, faces: FrameFaces, now: FrameStamp) -> None:
        newcomers = self._tracker.update(faces, now)
        known = await self._known_as(faces.vectors[newcomers], now)
        for position, track in zip(newcomers, known, strict=True):
            self._tracker.begin(faces, position, now, absent=track)

    async def _known_as(self, vectors: Floats, now: FrameStamp) -> list[Track | None]:
        """Returns, for each face without a track, the absent track of the same subject, if there is one."""
        waiting = {track.decision.subject: track for track in self._tracker.absent(now) if track.decision}
        waiting.pop(None, None)
        if not waiting or not len(vectors):
            return [None] * len(vectors)
        found = await self._look_up(vectors)
        near = [c[0].subject if c and c[0].distance <= found.threshold else None for c in found.candidates]
        return [waiting.pop(subject, None) if subject is not None else None for subject in near]

    async def _report(self, now: FrameStamp) -> tuple[tuple[ReportedDecision, ...], tuple[PresenceEvent, ...]]:
        """Decides, and returns the new decisions and events."""
        await self._decide()
        tracks = [*self._ended, *self._tracker.in_view]
        decisions = [
            ReportedDecision(track.number, track.first, track.last, track.ended, track.decision)
            for track in sorted(tracks, key=lambda track: track.number)
            if track.decision and (track.ended or self._reported.get(track.number, "") != track.decision.subject)
        ]
        self._reported |= {one.track: one.decision.subject for one in decisions}
        for track in self._ended:
            self._reported.pop(track.number, None)
        events = self._presence.update(tracks, now)
        self._ended = []
        return tuple(decisions), tuple(events)

    async def _decide(self) -> None:
        fresh = [track for track in [*self._ended, *self._tracker.in_view] if track.fresh and track.confirmed]
        if not fresh:
            return
        found = await self._look_up(np.stack([track.evidence.vector() for track in fresh]))
        for track, candidates in zip(fresh, found.candidates, strict=True):
            track.candidates, track.fresh = candidates, False
        settled = [track for track in self._ended if track not in fresh]
        away = [*self._tracker.lost, *settled]
        for group in ([track for track in self._ended if track in fresh], self._tracker.in_view):
            decide(group, away, threshold=self._threshold, top_k=self._top_k)

    async def _look_up(self, vectors: Floats) -> Neighbours:
        found = await self._search(vectors)
        self._threshold = found.threshold
        return found


def _is_cut(before: FrameSketch, frame: FrameSketch) -> bool:
    same_size = (before.width_px, before.height_px) == (frame.width_px, frame.height_px)
    return not same_size or is_cut(before.thumbnail, frame.thumbnail)
