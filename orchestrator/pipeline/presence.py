"""Events of people who enter and leave, each reported once, even if a person has several tracks."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from orchestrator.pipeline.track import FrameStamp, Track
from orchestrator.pipeline.tracker import ENOUGH_SAMPLES

LEAVE_AFTER_MS = 1_500
"""Time out of view after which a person has left: longer than recognition takes after a cut to the other side of a
dialogue, so that a cut alone makes no events."""

_Person = str | int
"""A subject, or the number of the track of an unknown person."""


class EventKind(Enum):
    """Kinds of events."""

    ENTERED = "entered"
    LEFT = "left"


@dataclass(frozen=True)
class PresenceEvent:
    """A person enters or leaves."""

    kind: EventKind
    track: int
    """The track with which the person entered, or was seen last."""
    subject: str | None
    """None: not in the gallery."""
    at: FrameStamp
    """The frame where the person was first or last seen."""
    frames: tuple[int, ...]
    """Frames with the evidence of who it is, best first."""


class Presence:
    """The people who are there."""

    def __init__(self) -> None:
        self._there: dict[_Person, PresenceEvent] = {}
        """The people who have entered and not left, each with the event of leaving now."""
        self._told: dict[int, _Person] = {}
        """The person that was last reported for each track that may go on."""

    def update(self, tracks: Iterable[Track], now: FrameStamp) -> list[PresenceEvent]:
        """Returns the new events.

        Args:
            tracks: Those in view, and those that ended since the last call.
            now: The frame.
        """
        events = []
        for track in tracks:
            person = _person(track)
            if person is not None and (track.last == now or self._told.get(track.number) != person):
                events += self._see(track, person, now)
            if track.ended:
                self._told.pop(track.number, None)
        gone = [e for e in self._there.values() if now.timestamp_ms - e.at.timestamp_ms > LEAVE_AFTER_MS]
        return [*events, *self._leave(gone)]

    def finish(self) -> list[PresenceEvent]:
        """Returns the leaving of all people who are there, at the end of the video."""
        return self._leave(list(self._there.values()))

    def _see(self, track: Track, person: _Person, now: FrameStamp) -> list[PresenceEvent]:
        events = []
        before = self._told.get(track.number)
        former = self._there.get(before) if before not in (None, person) else None
        if former is not None and former.track == track.number:  # else another track has that person by now
            events += self._leave([former])
        if person not in self._there:
            # If a track was lost for so long that its person left, the person enters again when the track comes back.
            events.append(_event(EventKind.ENTERED, track, now if before == person else track.first))
        leaving = _event(EventKind.LEFT, track, track.last)
        if person not in self._there or leaving.at.timestamp_ms >= self._there[person].at.timestamp_ms:
            self._there[person] = leaving
        self._told[track.number] = person
        return events

    def _leave(self, gone: list[PresenceEvent]) -> list[PresenceEvent]:
        self._there = {person: event for person, event in self._there.items() if event not in gone}
        return sorted(gone, key=lambda event: (event.at.timestamp_ms, event.track))


def _person(track: Track) -> _Person | None:
    """Returns the person of a track, None if it is too early to say."""
    if track.decision is None:
        return None
    if track.decision.subject is not None:
        return track.decision.subject
    # A new track may still be named until it has enough samples; an event cannot be withdrawn.
    return track.number if track.ended or len(track.evidence) >= ENOUGH_SAMPLES else None


def _event(kind: EventKind, track: Track, at: FrameStamp) -> PresenceEvent:
    subject = track.decision.subject if track.decision else None
    return PresenceEvent(kind, track.number, subject, at, track.evidence.frames())
