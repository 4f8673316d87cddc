"""facegrid: face detection, recognition and image generation behind one gRPC service.

    import facegrid

    with facegrid.connect("127.0.0.1:9000") as client:
        for face in client.detect("photo.jpg"):
            print(face.score, face.box)

What needs gRPC or numpy is loaded when it is first used, so that `import facegrid.errors` costs the service neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from facegrid.answers.digits import DigitSource, Discriminations, GeneratedDigit, Labels
from facegrid.answers.faces import (
    BoundingBox,
    DetectedItem,
    Detection,
    DetectOptions,
    Face,
    Health,
    ImageSource,
    Landmarks,
    Point,
)
from facegrid.answers.gallery import (
    EnrolledFace,
    EnrolledItem,
    Enrollment,
    EnrollOptions,
    Erasure,
    GalleryFace,
    Refusal,
    Subject,
    SubjectDetails,
)
from facegrid.answers.people import (
    Candidate,
    EmbeddedItem,
    Embedder,
    Embedding,
    Identification,
    IdentifiedItem,
    IdentifiedPicture,
    IdentifyOptions,
    Portrait,
    Verification,
    VerifyOptions,
)
from facegrid.answers.video import FrameResult, TrackDecision, TrackedFace, VideoEvent, VideoEventKind, VideoSummary
from facegrid.errors import (
    AlreadyEnrolled,
    DeadlineExceeded,
    FacegridError,
    FaceTooSmall,
    FaceTurned,
    GalleryMismatch,
    GalleryUnavailable,
    InternalError,
    InvalidImage,
    InvalidLabels,
    InvalidOption,
    InvalidRequest,
    InvalidSubject,
    LimitExceeded,
    LowScore,
    ManyFaces,
    NoFace,
    Overloaded,
    PermissionDenied,
    RateLimited,
    SubjectNotFound,
    TryAgain,
    Unauthenticated,
    Unavailable,
    UnusableFace,
)

if TYPE_CHECKING:
    from facegrid.client.aio import AsyncClient, connect_async
    from facegrid.client.credentials import Tls
    from facegrid.client.stream.video import AsyncIdentifiedVideo, IdentifiedVideo
    from facegrid.client.sync import Client, connect
    from facegrid.media.draw import draw_faces

_LAZY = {
    "AsyncClient": "facegrid.client.aio",
    "connect_async": "facegrid.client.aio",
    "Tls": "facegrid.client.credentials",
    "AsyncIdentifiedVideo": "facegrid.client.stream.video",
    "IdentifiedVideo": "facegrid.client.stream.video",
    "Client": "facegrid.client.sync",
    "connect": "facegrid.client.sync",
    "draw_faces": "facegrid.media.draw",
}
"""Modules of the names that are loaded when they are first used."""

__all__ = [  # noqa: RUF022  (first what a reader needs first)
    "connect",
    "connect_async",
    "Tls",
    "Client",
    "AsyncClient",
    "ImageSource",
    "DetectOptions",
    "Detection",
    "DetectedItem",
    "Face",
    "BoundingBox",
    "Landmarks",
    "Point",
    "Embedding",
    "EmbeddedItem",
    "Embedder",
    "Portrait",
    "VerifyOptions",
    "Verification",
    "EnrollOptions",
    "Enrollment",
    "EnrolledFace",
    "EnrolledItem",
    "Refusal",
    "IdentifyOptions",
    "Identification",
    "IdentifiedPicture",
    "IdentifiedItem",
    "Candidate",
    "IdentifiedVideo",
    "AsyncIdentifiedVideo",
    "FrameResult",
    "TrackedFace",
    "TrackDecision",
    "VideoEvent",
    "VideoEventKind",
    "VideoSummary",
    "Subject",
    "SubjectDetails",
    "GalleryFace",
    "Erasure",
    "Labels",
    "GeneratedDigit",
    "DigitSource",
    "Discriminations",
    "Health",
    "draw_faces",
    "FacegridError",
    "InvalidRequest",
    "Unauthenticated",
    "PermissionDenied",
    "InvalidImage",
    "InvalidOption",
    "InvalidLabels",
    "LimitExceeded",
    "UnusableFace",
    "NoFace",
    "ManyFaces",
    "FaceTooSmall",
    "LowScore",
    "FaceTurned",
    "InvalidSubject",
    "SubjectNotFound",
    "AlreadyEnrolled",
    "TryAgain",
    "Unavailable",
    "GalleryUnavailable",
    "GalleryMismatch",
    "DeadlineExceeded",
    "Overloaded",
    "RateLimited",
    "InternalError",
]


if not TYPE_CHECKING:  # a type checker would take any name at all for one that exists

    def __getattr__(name: str) -> Any:
        """Loads a public name from its module (PEP 562)."""
        if name not in _LAZY:
            raise AttributeError(f"module 'facegrid' has no attribute {name!r}")
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Names for tab completion, those not loaded yet included."""
    return sorted({*globals(), *__all__})
