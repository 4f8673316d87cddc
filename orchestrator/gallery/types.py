"""The values that the gallery takes and returns."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.types import Floats


@dataclass(frozen=True, order=True)
class EmbedderVersion:
    """The embedder of a vector. Vectors of different embedder versions are never compared."""

    name: str
    """The network's name, such as "dlib_resnet": letters, digits and underscores."""
    version: int
    """The version of the model `embedder`, at least 1."""
    dimension: int
    """Length of a vector."""

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True, kw_only=True)
class NewFace:
    """A face to be enrolled."""

    vector: Floats
    """[dimension], as the embedder returns it; it is not scaled."""
    score: float
    """The detector's score, range [0, 1]."""
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
    """Distance of the second subject less that of the first, at least 0; None if there is no second."""


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
    """A face of the gallery, without its vector and its chip, which are never returned."""

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
    """The token for the next page; empty at the end."""


@dataclass(frozen=True)
class Erased:
    """What a deletion erased."""

    subject: str
    vectors: int
    """Vectors erased in all embedder versions."""
    chips: int
    pending: bool
    """Whether some bytes are erased later: in an object store after its grace time; in a folder after the end of an
    index build that was under way."""


@dataclass(frozen=True)
class VersionStats:
    """The counts of one embedder version."""

    embedder: EmbedderVersion
    state: str
    """"active": searched and enrolled to; "building": a move to it is under way; "retired": moved away from."""
    faces: int
    chips: int
    unindexed: int
    """Faces that a search compares one by one."""
    files: int
    """Files with faces; many small files are joined later."""
