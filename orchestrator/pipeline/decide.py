"""Decides the subject of each track; two tracks in view at once never have the same one."""

from collections.abc import Sequence

from orchestrator.pipeline.naming import name_faces
from orchestrator.pipeline.track import Decision, Track

KEEP = 0.05
"""Part of the threshold by which another subject must be nearer to change a decision, since distances fluctuate as
evidence is added."""


def decide(tracks: Sequence[Track], lost: Sequence[Track], *, threshold: float, top_k: int) -> None:
    """Sets the decision of each confirmed track whose candidates are known.

    Of all ways to give tracks the subjects that are near enough, one subject to one track, the one with the greatest
    sum of threshold less distance is taken, as for the faces of one picture. The present subject of a track counts a
    little nearer than it is.

    Args:
        tracks: In view at the same time.
        lost: Tracks that may come back. A track does not get the subject of one that it was in view with.
        threshold: Greatest distance at which a track is named.
        top_k: Most candidates in a decision.
    """
    known = [track for track in tracks if track.confirmed and track.candidates is not None]
    near = [_near(track, lost, KEEP * threshold) for track in known]
    for track, subject in zip(known, name_faces(near, threshold=threshold), strict=True):
        track.decision = _decision(track, subject, top_k)


def _near(track: Track, lost: Sequence[Track], bonus: float) -> list[tuple[str, float]]:
    """Returns the subjects that a track may have, with their distances; that of its present subject less the bonus."""
    held = track.taken | {_subject(other) for other in lost if other.number in track.met}
    return [
        (candidate.subject, candidate.distance - (bonus if candidate.subject == _subject(track) else 0))
        for candidate in track.candidates or ()
        if candidate.subject not in held
    ]


def _decision(track: Track, subject: str | None, top_k: int) -> Decision:
    candidates = track.candidates or ()
    distances = [candidate.distance for candidate in candidates if subject in (None, candidate.subject)]
    return Decision(subject, min(distances, default=None), candidates[:top_k], track.evidence.frames())


def _subject(track: Track) -> str | None:
    return track.decision.subject if track.decision else None
