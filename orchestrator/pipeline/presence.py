"""Who comes and who leaves: events about people, told once, whatever their tracks do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from orchestrator.pipeline.track import FrameStamp, Track
from orchestrator.pipeline.tracker import ENOUGH_SAMPLES

LEAVE_AFTER_MS = 1_500
"""How long a person is out of view before having left: longer than a shot of the other side of a dialogue's line
takes to be recognised, so that a cut makes nobody leave and enter."""

_Person = str | int
"""A subject, or the number of the track of an unknown person."""


class EventKind(Enum):
    """What a person does."""

    ENTERED = "entered"
    LEFT = "left"


@dataclass(frozen=True)
class PresenceEvent:
    """A person enters or leaves."""

    kind: EventKind
    track: int
    """By which the person entered, or was seen last."""
    subject: str | None
    """None: nobody of the gallery."""
    at: FrameStamp
    """First or last seen."""
    frames: tuple[int, ...]
    """What tells who it is, best first."""


class Presence:
    """Who is there."""

    def __init__(self) -> None:
        self._there: dict[_Person, PresenceEvent] = {}
        """Who has entered and not left, with the event of leaving now."""
        self._told: dict[int, _Person] = {}
        """As whom each track that may go on was told last."""

    def update(self, tracks: Iterable[Track], now: FrameStamp) -> list[PresenceEvent]:
        """Returns what is new.

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
        """Returns the leaving of everybody who is there, at the end of the video."""
        return self._leave(list(self._there.values()))

    def _see(self, track: Track, person: _Person, now: FrameStamp) -> list[PresenceEvent]:
        events = []
        before = self._told.get(track.number)
        former = self._there.get(before) if before not in (None, person) else None
        if former is not None and former.track == track.number:  # else another track shows that person by now
            events += self._leave([former])
        if person not in self._there:
            # A track that was lost for so long that its person left comes back as somebody who enters again.
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
    """Returns who a track is, None where it is too early to tell."""
    if track.decision is None:
        return None
    if track.decision.subject is not None:
        return track.decision.subject
    # Until a new track has its pictures it may still be named; an event is not taken back.
    return track.number if track.ended or len(track.evidence) >= ENOUGH_SAMPLES else None


def _event(kind: EventKind, track: Track, at: FrameStamp) -> PresenceEvent:
    subject = track.decision.subject if track.decision else None
    return PresenceEvent(kind, track.number, subject, at, track.evidence.frames())
