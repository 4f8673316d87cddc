"""Tracks: one person's face from frame to frame within a shot."""

from dataclasses import dataclass, field

from orchestrator.pipeline.evidence import Evidence
from orchestrator.types import Detections, Floats


@dataclass(frozen=True)
class FrameStamp:
    """The number and the time of a frame."""

    frame: int
    """The caller's number."""
    timestamp_ms: int
    """The caller's time."""


@dataclass(frozen=True)
class FrameFaces:
    """The faces found in one frame, with their vectors."""

    found: Detections
    vectors: Floats
    """[N, D], as the embedder's distances compare them."""


@dataclass(frozen=True)
class SubjectCandidate:
    """A subject of the gallery, and its distance from a track's vector."""

    subject: str
    distance: float


@dataclass(frozen=True)
class Decision:
    """The decision on who a track is."""

    subject: str | None
    """None: not in the gallery."""
    distance: float | None
    """Distance to `subject`, or to the nearest candidate; None if there is none."""
    candidates: tuple[SubjectCandidate, ...]
    """Nearest first."""
    frames: tuple[int, ...]
    """Frames with the evidence, the best first."""


@dataclass(eq=False)
class Track:
    """One person's face within a shot."""

    number: int
    """From 1, in the order in which tracks begin."""
    first: FrameStamp
    last: FrameStamp
    """The last frame in which the face was in view."""
    found_last: FrameStamp
    """The last frame in which it was found, not only followed."""
    box: Floats
    """[4], in pixels of the frame."""
    landmarks: Floats
    """[5, 2]."""
    score: float
    """Score where it was found last."""
    evidence: Evidence
    fresh: bool = True
    """Whether there is evidence that no decision has used."""
    confirmed: bool = False
    """Whether it is surely a face: it was found more than once, or its shot ended before that was possible."""
    ended: bool = False
    """Whether it will not go on."""
    candidates: tuple[SubjectCandidate, ...] | None = None
    """The nearest subjects when last looked up, nearest first; None before."""
    decision: Decision | None = None
    met: set[int] = field(default_factory=set)
    """Numbers of the tracks that were in view at the same time, and so are other people."""
    taken: set[str] = field(default_factory=set)
    """Subjects of tracks that it met and that have ended."""
