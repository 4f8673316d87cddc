"""The errors of the service, as one tree. The service raises them, and the client raises the same again.

    FacegridError
    ├── InvalidRequest            the caller must change the request
    │   ├── Unauthenticated           no API key, or an invalid one
    │   ├── PermissionDenied          the API key lacks the scope
    │   ├── InvalidImage              the bytes cannot be read as a picture
    │   ├── InvalidOption             an option is out of its range
    │   ├── InvalidLabels             the labels are not digits with weights
    │   ├── LimitExceeded             the request is larger than the service accepts
    │   ├── UnusableFace              the picture does not show the face that is needed
    │   │   ├── NoFace                    no face was found, or fewer than the index asks for
    │   │   ├── ManyFaces                 several faces were found, and none was chosen
    │   │   ├── FaceTooSmall              the face has too few pixels
    │   │   ├── LowScore                  the detector is not sure that it is a face
    │   │   └── FaceTurned                the face is turned to one side
    │   ├── InvalidSubject            the name is not allowed
    │   ├── SubjectNotFound           no subject of that name is enrolled
    │   └── AlreadyEnrolled           the same face of the same picture is enrolled
    ├── TryAgain                  the same request may succeed later
    │   ├── Unavailable               the service or a model server cannot be reached
    │   │   └── GalleryUnavailable        the gallery cannot be read or written
    │   ├── GalleryMismatch           another embedder made the gallery's vectors
    │   ├── DeadlineExceeded          the time limit passed
    │   ├── Overloaded                the service accepts no more work for now
    │   └── RateLimited               the API key has used up its requests
    └── InternalError             a fault of the service; the message has the id of the log entry

`reason` is the name on the wire: a gRPC status carries it as "REASON: message", an item of a
stream in its `Error`. The service has the table from this tree to gRPC codes.
"""

import re

_AGAIN_IN = re.compile(r"again in (\d+(?:\.\d+)?) s$")


class FacegridError(Exception):
    """An error with a message for people and a `reason` for programs."""

    reason = "FACEGRID_ERROR"
    retry_after_s: float | None = None
    """Seconds after which the service expects to accept the request; None where it does not say."""
    request_id: str | None = None
    """Id of the call in the service's log; None where no call was made."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class InvalidRequest(FacegridError):
    """The request is wrong and will be wrong again."""

    reason = "INVALID_REQUEST"


class Unauthenticated(InvalidRequest):
    """The service needs an API key, and the call has none, or one that is unknown, expired or revoked."""

    reason = "UNAUTHENTICATED"


class PermissionDenied(InvalidRequest):
    """The API key is valid, but lacks the scope that the method needs."""

    reason = "PERMISSION_DENIED"


class InvalidImage(InvalidRequest):
    """The bytes cannot be read as a picture."""

    reason = "INVALID_IMAGE"


class InvalidOption(InvalidRequest):
    """An option is out of its range."""

    reason = "INVALID_OPTION"


class InvalidLabels(InvalidRequest):
    """There are no labels, they are not digits, or their weights have no usable sum."""

    reason = "INVALID_LABELS"


class LimitExceeded(InvalidRequest):
    """The request is larger than the service accepts."""

    reason = "LIMIT_EXCEEDED"


class UnusableFace(InvalidRequest):
    """The picture can be read, but does not show the one face that is needed, or shows it too badly."""

    reason = "UNUSABLE_FACE"


class NoFace(UnusableFace):
    """No face was found in the picture, or too few for the index that was given."""

    reason = "NO_FACE"


class ManyFaces(UnusableFace):
    """Several faces were found in the picture, and the request does not choose one."""

    reason = "MANY_FACES"


class FaceTooSmall(UnusableFace):
    """The face has too few pixels to be enrolled."""

    reason = "FACE_TOO_SMALL"


class LowScore(UnusableFace):
    """The detector's score of the face is too low for it to be enrolled."""

    reason = "LOW_SCORE"


class FaceTurned(UnusableFace):
    """The face is turned too far to one side to be enrolled."""

    reason = "FACE_TURNED"


class InvalidSubject(InvalidRequest):
    """The name is not allowed for a subject."""

    reason = "INVALID_SUBJECT"


class SubjectNotFound(InvalidRequest):
    """The gallery has no subject of this name."""

    reason = "SUBJECT_NOT_FOUND"


class AlreadyEnrolled(InvalidRequest):
    """The same face of the same picture is in the gallery already."""

    reason = "ALREADY_ENROLLED"


class TryAgain(FacegridError):
    """Nothing is wrong with the request; it may succeed later."""

    reason = "TRY_AGAIN"


class Unavailable(TryAgain):
    """The service, or the model server named, cannot be reached or does not have the model."""

    reason = "UNAVAILABLE"


class GalleryUnavailable(Unavailable):
    """The gallery cannot be read or written: no rights, no space, or no such place."""

    reason = "GALLERY_UNAVAILABLE"


class GalleryMismatch(TryAgain):
    """The gallery holds vectors of an embedder that is not served; its operator must re-embed it."""

    reason = "GALLERY_MISMATCH"


class DeadlineExceeded(TryAgain):
    """The time limit passed before the answer came."""

    reason = "DEADLINE_EXCEEDED"


class Overloaded(TryAgain):
    """The service has as much work as it accepts."""

    reason = "OVERLOADED"


class RateLimited(TryAgain):
    """The API key has used up its requests for the moment."""

    reason = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        # Ray drops the trailing metadata of a stream that fails, and an item has none; both have the message.
        match = _AGAIN_IN.search(message) if retry_after_s is None else None
        super().__init__(message, retry_after_s=float(match[1]) if match else retry_after_s)


class InternalError(FacegridError):
    """A fault of the service. The message holds an id that finds the entry in its log."""

    reason = "INTERNAL"


def error_types() -> dict[str, type[FacegridError]]:
    """Returns every class of the tree by its `reason`."""
    found: dict[str, type[FacegridError]] = {}
    pending: list[type[FacegridError]] = [FacegridError]
    while pending:
        error_type = pending.pop()
        found[error_type.reason] = error_type
        pending.extend(error_type.__subclasses__())
    return found
