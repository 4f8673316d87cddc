"""Videos: what `identify_video` returns for each frame and for the whole."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facegrid.answers.faces import Face
    from facegrid.answers.people import Candidate, Embedder
    from facegrid.errors import FacegridError


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face in one frame, as part of a track: one person's face from frame to frame within a shot."""

    track_id: int
    """Names the track within this video, from 1."""
    face: "Face"
    """The face. Where it was only followed into this frame, its score is from when it was last detected."""
    detected: bool
    """Whether it was detected in this frame, not only followed into it."""
    subject: str | None
    """The subject's name, as decided so far; None is unknown or undecided."""
    distance: float | None
    """The distance of the decision."""
    decided: bool
    """Whether anything is decided."""


@dataclass(frozen=True, slots=True)
class TrackDecision:
    """The identity of a track."""

    track_id: int
    """The track."""
    subject: str | None
    """The subject's name; None is unknown. No two tracks in view at the same time are the same subject."""
    distance: float | None
    """Between the mean of the evidence and the nearest face of `subject`, or of the nearest candidate; None where the
    gallery is empty."""
    candidates: "list[Candidate]"
    """The nearest subjects, nearest first, near enough or not."""
    evidence_frames: list[int]
    """Indices of the frames that this rests on, the best picture of the face first."""
    first_frame: int
    """Index of the first frame of the track."""
    last_frame: int
    """Index of its last frame so far."""
    first_s: float
    """When the first frame is shown."""
    last_s: float
    """When the last frame so far is shown."""
    ended: bool
    """Whether the track is over."""


class VideoEventKind(StrEnum):
    """Kind of event."""

    ENTERED = "entered"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class VideoEvent:
    """A person enters or leaves; one who is seen again soon, as after a shot cut, has not left."""

    kind: VideoEventKind
    """What happened."""
    track_id: int
    """The track by which the person entered, or which was seen last."""
    subject: str | None
    """The subject's name; None is unknown."""
    frame: int
    """Index of the frame in which the person was first or last seen."""
    timestamp_s: float
    """When that frame is shown."""
    evidence_frames: list[int]
    """Indices of the frames that the identity rests on, the best picture of the face first."""


@dataclass(frozen=True, slots=True)
class FrameResult:
    """The result for one frame."""

    index: int
    """Position of the frame in the iterable, from 0."""
    timestamp_s: float
    """When it is shown, to the millisecond."""
    faces: list[TrackedFace] = field(default_factory=list)
    """The faces in view, one for each track."""
    events: list[VideoEvent] = field(default_factory=list)
    """People who entered or left, as known with this frame."""
    decisions: list[TrackDecision] = field(default_factory=list)
    """Decisions made or changed with this frame, and those on tracks that ended with it."""
    detected: bool = False
    """Whether faces were detected, not only followed."""
    shot_cut: bool = False
    """Whether a new shot begins."""
    dropped_frames: int = 0
    """Frames of a live source that the service has dropped so far."""
    image_width_px: int = 0
    """Width of the upright frame; 0 where there is an error."""
    image_height_px: int = 0
    """Height of the upright frame; 0 where there is an error."""
    error: "FacegridError | OSError | None" = None
    """Why the frame failed; the frames after it are not affected."""


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """The whole video."""

    frames: int
    """Frames answered, errors included."""
    failed_frames: int
    """Of these, frames with an error."""
    detected_frames: int
    """Frames in which faces were detected, not only followed."""
    dropped_frames: int
    """Frames dropped, of a live source."""
    decisions: list[TrackDecision]
    """The last decision on each track, by `track_id`."""
    events: list[VideoEvent]
    """All events, in the order in which the service reported them."""
    threshold: float
    """Greatest distance at which a track was named; it keeps its name up to 5 % farther."""
    false_positive_rate: float | None
    """Share of strangers expected to be named from a single picture at this threshold, in a gallery of this size."""
    embedder: "Embedder"
    """The embedder of the vectors."""
