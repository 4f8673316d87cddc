"""Enrolment and the gallery: what `enroll`, `subjects`, `subject` and `delete_subject` take and return."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from facegrid.answers.faces import Face, ImageSource, StreamItem
from facegrid.answers.people import Embedder, Portrait

if TYPE_CHECKING:
    from facegrid.errors import FacegridError


class EnrollOptions(TypedDict, total=False):
    """Which faces may be enrolled. An option that is absent or None takes the service's default."""

    min_face_px: float | None
    """Least length of the shorter side of the face's box, in pixels of the upright image. Range [12, 10000],
    default 40."""
    min_score: float | None
    """Least score of the face. Range [0, 1], default 0.9."""
    max_yaw_degrees: float | None
    """Most that the face may be turned to one side, as estimated from its five points. Range [0, 90], default 50."""


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """A face that was enrolled: it is on disk, and `identify` finds it."""

    index: int
    """Position of its picture among those given, from 0."""
    id: str
    """Its id in the gallery; unique."""
    face: Face
    """The face in its picture."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A picture that was not enrolled."""

    index: int
    """Position of the picture among those given, from 0."""
    error: "FacegridError"
    """Why: `NoFace`, `ManyFaces`, `FaceTooSmall`, `LowScore`, `FaceTurned`, `AlreadyEnrolled`, ..."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The outcome for each picture of one person."""

    subject: str
    """The name that the faces are enrolled under: the given one in the normal form NFC."""
    enrolled: list[EnrolledFace]
    """The faces enrolled, in the order of the pictures."""
    refused: list[Refusal]
    """The pictures refused, in their order."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person of the gallery."""

    name: str
    """The name that was given to `enroll`."""
    faces: int
    """Number of faces enrolled."""
    first_enrolled_at: datetime
    """When the first of these faces was enrolled, in UTC."""
    last_enrolled_at: datetime
    """When the last of these faces was enrolled, in UTC."""


@dataclass(frozen=True, slots=True)
class GalleryFace:
    """An enrolled face. Its vector and its chip stay in the service."""

    id: str
    """Its id in the gallery; unique."""
    embedder: Embedder
    """The embedder of its vector."""
    enrolled_at: datetime
    """When it was enrolled, in UTC."""
    score: float
    """Score of the face when it was enrolled. Range [0, 1]."""
    face_px: float
    """Length of the shorter side of its box when it was enrolled, in pixels of its picture."""
    has_chip: bool
    """Whether the service also keeps the aligned picture of the face."""


@dataclass(frozen=True, slots=True)
class SubjectDetails:
    """A subject and its enrolled faces."""

    subject: Subject
    """The person."""
    faces: list[GalleryFace]
    """The enrolled faces, in the order of their enrolment."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a deletion erased."""

    subject: str
    """The name under which it was kept."""
    vectors: int
    """Vectors erased, those of all versions of the embedder."""
    chips: int
    """Aligned pictures erased."""
    pending: bool
    """Whether bytes remain in old files of an object store until its grace time is over; never in a folder."""


class EnrolledItem(StreamItem[tuple[str, ImageSource | Portrait], EnrolledFace]):
    """The answer to one picture of `enroll_many`; `source` is the pair of subject and picture."""

    __slots__ = ()

    @property
    def enrolled(self) -> EnrolledFace:
        """The face that was enrolled; raises the error of a picture that was refused."""
        return self.require()
