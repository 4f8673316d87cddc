"""What a track is: one person's face from frame to frame within a shot."""

from dataclasses import dataclass, field

from orchestrator.pipeline.evidence import Evidence
from orchestrator.types import Detections, Floats


@dataclass(frozen=True)
class FrameStamp:
    """A frame of the video."""

    frame: int
    """The caller's number."""
    timestamp_ms: int
    """The caller's time."""


@dataclass(frozen=True)
class FrameFaces:
    """The faces found in a frame."""

    found: Detections
    vectors: Floats
    """[N, D], as the embedder's distances compare them."""


@dataclass(frozen=True)
class SubjectCandidate:
    """Somebody of the gallery, and how far from a track's vector."""

    subject: str
    distance: float


@dataclass(frozen=True)
class Decision:
    """Who a track is."""

    subject: str | None
    """None: nobody of the gallery."""
    distance: float | None
    """To `subject`, or to the nearest candidate; None where there is none."""
    candidates: tuple[SubjectCandidate, ...]
    """Nearest first."""
    frames: tuple[int, ...]
    """What it rests on, the best picture of the face first."""


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
    """Where it was found last."""
    evidence: Evidence
    fresh: bool = True
    """There is evidence that no decision has seen."""
    confirmed: bool = False
    """It was found more than once, or its shot was over before it could be: it is a face."""
    ended: bool = False
    """It will not go on."""
    candidates: tuple[SubjectCandidate, ...] | None = None
    """The nearest subjects, nearest first, as last looked up; None before."""
    decision: Decision | None = None
    met: set[int] = field(default_factory=set)
    """Numbers of the tracks that were in view at the same time: other people."""
    taken: set[str] = field(default_factory=set)
    """Subjects of tracks that it met and that have ended."""
