"""facegrid: face detection, recognition and image generation behind one gRPC service.

    import facegrid

    with facegrid.connect("127.0.0.1:9000") as client:
        for face in client.detect("photo.jpg"):
            print(face.score, face.box)

Names are loaded when they are first used, so that `import facegrid.errors` costs the service
neither gRPC nor numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facegrid.answers.digits import DigitSource as DigitSource
    from facegrid.answers.digits import Discriminations as Discriminations
    from facegrid.answers.digits import GeneratedDigit as GeneratedDigit
    from facegrid.answers.digits import Labels as Labels
    from facegrid.answers.faces import BoundingBox as BoundingBox
    from facegrid.answers.faces import DetectedItem as DetectedItem
    from facegrid.answers.faces import Detection as Detection
    from facegrid.answers.faces import DetectOptions as DetectOptions
    from facegrid.answers.faces import Face as Face
    from facegrid.answers.faces import Health as Health
    from facegrid.answers.faces import ImageSource as ImageSource
    from facegrid.answers.faces import Landmarks as Landmarks
    from facegrid.answers.faces import Point as Point
    from facegrid.answers.gallery import EnrolledFace as EnrolledFace
    from facegrid.answers.gallery import EnrolledItem as EnrolledItem
    from facegrid.answers.gallery import Enrollment as Enrollment
    from facegrid.answers.gallery import EnrollOptions as EnrollOptions
    from facegrid.answers.gallery import Erasure as Erasure
    from facegrid.answers.gallery import GalleryFace as GalleryFace
    from facegrid.answers.gallery import Refusal as Refusal
    from facegrid.answers.gallery import Subject as Subject
    from facegrid.answers.gallery import SubjectDetails as SubjectDetails
    from facegrid.answers.people import Candidate as Candidate
    from facegrid.answers.people import EmbeddedItem as EmbeddedItem
    from facegrid.answers.people import Embedder as Embedder
    from facegrid.answers.people import Embedding as Embedding
    from facegrid.answers.people import Identification as Identification
    from facegrid.answers.people import IdentifiedItem as IdentifiedItem
    from facegrid.answers.people import IdentifiedPicture as IdentifiedPicture
    from facegrid.answers.people import IdentifyOptions as IdentifyOptions
    from facegrid.answers.people import Portrait as Portrait
    from facegrid.answers.people import Verification as Verification
    from facegrid.answers.people import VerifyOptions as VerifyOptions
    from facegrid.answers.video import AsyncIdentifiedVideo as AsyncIdentifiedVideo
    from facegrid.answers.video import FrameResult as FrameResult
    from facegrid.answers.video import IdentifiedVideo as IdentifiedVideo
    from facegrid.answers.video import TrackDecision as TrackDecision
    from facegrid.answers.video import TrackedFace as TrackedFace
    from facegrid.answers.video import VideoEvent as VideoEvent
    from facegrid.answers.video import VideoEventKind as VideoEventKind
    from facegrid.answers.video import VideoSummary as VideoSummary
    from facegrid.client.aio import AsyncClient as AsyncClient
    from facegrid.client.aio import connect_async as connect_async
    from facegrid.client.sync import Client as Client
    from facegrid.client.sync import connect as connect
    from facegrid.client.tls import Tls as Tls
    from facegrid.errors import AlreadyEnrolled as AlreadyEnrolled
    from facegrid.errors import DeadlineExceeded as DeadlineExceeded
    from facegrid.errors import FacegridError as FacegridError
    from facegrid.errors import FaceTooSmall as FaceTooSmall
    from facegrid.errors import FaceTurned as FaceTurned
    from facegrid.errors import GalleryMismatch as GalleryMismatch
    from facegrid.errors import GalleryUnavailable as GalleryUnavailable
    from facegrid.errors import InternalError as InternalError
    from facegrid.errors import InvalidImage as InvalidImage
    from facegrid.errors import InvalidLabels as InvalidLabels
    from facegrid.errors import InvalidOption as InvalidOption
    from facegrid.errors import InvalidRequest as InvalidRequest
    from facegrid.errors import InvalidSubject as InvalidSubject
    from facegrid.errors import LimitExceeded as LimitExceeded
    from facegrid.errors import LowScore as LowScore
    from facegrid.errors import ManyFaces as ManyFaces
    from facegrid.errors import NoFace as NoFace
    from facegrid.errors import Overloaded as Overloaded
    from facegrid.errors import PermissionDenied as PermissionDenied
    from facegrid.errors import RateLimited as RateLimited
    from facegrid.errors import SubjectNotFound as SubjectNotFound
    from facegrid.errors import TryAgain as TryAgain
    from facegrid.errors import Unauthenticated as Unauthenticated
    from facegrid.errors import Unavailable as Unavailable
    from facegrid.errors import UnusableFace as UnusableFace
    from facegrid.media.draw import draw_faces as draw_faces

_HOMES = {
    "facegrid.client.aio": ("AsyncClient", "connect_async"),
    "facegrid.client.sync": ("Client", "connect"),
    "facegrid.answers.digits": ("DigitSource", "Discriminations", "GeneratedDigit", "Labels"),
    "facegrid.media.draw": ("draw_faces",),
    "facegrid.errors": (
        "AlreadyEnrolled",
        "DeadlineExceeded",
        "FaceTooSmall",
        "FaceTurned",
        "FacegridError",
        "GalleryMismatch",
        "GalleryUnavailable",
        "InternalError",
        "InvalidImage",
        "InvalidLabels",
        "InvalidOption",
        "InvalidRequest",
        "InvalidSubject",
        "LimitExceeded",
        "LowScore",
        "ManyFaces",
        "NoFace",
        "Overloaded",
        "PermissionDenied",
        "RateLimited",
        "SubjectNotFound",
        "TryAgain",
        "Unauthenticated",
        "Unavailable",
        "UnusableFace",
    ),
    "facegrid.answers.gallery": (
        "EnrollOptions",
        "EnrolledFace",
        "EnrolledItem",
        "Enrollment",
        "Erasure",
        "GalleryFace",
        "Refusal",
        "Subject",
        "SubjectDetails",
    ),
    "facegrid.answers.people": (
        "Candidate",
        "EmbeddedItem",
        "Embedder",
        "Embedding",
        "Identification",
        "IdentifiedItem",
        "IdentifiedPicture",
        "IdentifyOptions",
        "Portrait",
        "Verification",
        "VerifyOptions",
    ),
    "facegrid.client.tls": ("Tls",),
    "facegrid.answers.faces": (
        "BoundingBox",
        "DetectOptions",
        "DetectedItem",
        "Detection",
        "Face",
        "Health",
        "ImageSource",
        "Landmarks",
        "Point",
    ),
    "facegrid.answers.video": (
        "AsyncIdentifiedVideo",
        "FrameResult",
        "IdentifiedVideo",
        "TrackDecision",
        "TrackedFace",
        "VideoEvent",
        "VideoEventKind",
        "VideoSummary",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    """Loads a public name from its file (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'facegrid' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names for tab completion, those not loaded yet included."""
    return sorted({*globals(), *__all__})
