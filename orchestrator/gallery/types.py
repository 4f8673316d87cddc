"""What goes into the gallery and what comes out: plain values with names."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.types import Floats


@dataclass(frozen=True, order=True)
class EmbedderVersion:
    """What made a vector. Vectors of different embedder versions are never compared."""

    name: str
    """Of the network, such as "dlib_resnet": letters, digits and underscores."""
    version: int
    """Of the embedder's slot, at least 1."""
    dimension: int
    """Length of a vector."""

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True, kw_only=True)
class NewFace:
    """A face to be enrolled."""

    vector: Floats
    """[dimension], as the embedder gave it: raw, not scaled to length 1."""
    score: float
    """Of the detector, range [0, 1]."""
    face_px: float
    """Length of the shorter side of the face's box, in pixels of its picture."""
    chip: bytes | None = None
    """The aligned face as a PNG or JPEG file. Without it, another embedder cannot make a new vector of this face."""


@dataclass(frozen=True)
class Match:
    """A subject near a vector."""

    subject: str
    face_id: str
    """The nearest of the subject's faces."""
    distance: float
    """To that face: Euclidean, of the vectors as they were enrolled, at least 0."""


@dataclass(frozen=True)
class Matches:
    """The subjects nearest to one vector."""

    best: tuple[Match, ...]
    """Nearest first, each subject once; equal distances in the order of the subjects' names."""
    margin: float | None
    """Distance of the second subject less that of the first, at least 0; None when there is no second."""


@dataclass(frozen=True)
class StoredSubject:
    """A person of the gallery."""

    name: str
    faces: int
    first_enrolled_at: datetime
    """In UTC, like all times here."""
    last_enrolled_at: datetime


@dataclass(frozen=True)
class StoredFace:
    """A face that is kept; its vector and its chip are not given out."""

    face_id: str
    embedder: EmbedderVersion
    enrolled_at: datetime
    score: float
    face_px: float
    has_chip: bool


@dataclass(frozen=True)
class SubjectPage:
    """Some of the subjects, by name in the order of the code points."""

    subjects: tuple[StoredSubject, ...]
    next_page_token: str
    """What gives the next page; empty at the end."""


@dataclass(frozen=True)
class Erased:
    """What a deletion took away."""

    subject: str
    vectors: int
    """In all embedder versions."""
    chips: int
    pending: bool
    """Whether some bytes go later: in an object store when its grace time is over; in a folder when an index is done
    that was being built at this moment."""


@dataclass(frozen=True)
class VersionStats:
    """How much the gallery holds of one embedder version."""

    embedder: EmbedderVersion
    state: str
    """"active": searched and enrolled to; "building": a move to it is under way; "retired": moved away from."""
    faces: int
    chips: int
    unindexed: int
    """Faces that a search compares one by one."""
    files: int
    """Files with faces; many small ones are joined in time."""
