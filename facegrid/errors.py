"""Everything that can go wrong, as one tree that the service raises and the client raises again.

    FacegridError
    ├── InvalidRequest            the caller must change the request
    │   ├── Unauthenticated           no API key, or not one that is valid
    │   ├── PermissionDenied          the API key is not for this
    │   ├── InvalidImage              not a picture that can be read
    │   ├── InvalidOption             an option out of its range
    │   ├── InvalidLabels             not digits with weights
    │   ├── LimitExceeded             larger than the service is set to accept
    │   ├── UnusableFace              not the face in the picture that is needed
    │   │   ├── NoFace                    there is none, or none of that index
    │   │   ├── ManyFaces                 there are several, and none was chosen
    │   │   ├── FaceTooSmall              it has too few pixels
    │   │   ├── LowScore                  it may be no face
    │   │   └── FaceTurned                it looks aside
    │   ├── InvalidSubject            not a name for a person
    │   ├── SubjectNotFound           nobody of that name is enrolled
    │   └── AlreadyEnrolled           this very face of this very picture is enrolled
    ├── TryAgain                  the same request may succeed later, or elsewhere
    │   ├── Unavailable               the service, or one of its model servers, cannot be reached
    │   │   └── GalleryUnavailable        the gallery cannot be read or written
    │   ├── GalleryMismatch           the gallery was made by an embedder that is not served
    │   ├── DeadlineExceeded          the time given was too short
    │   ├── Overloaded                the service is full
    │   └── RateLimited               the API key has asked too often
    └── InternalError             our fault; the id in the message finds the log entry

`reason` is the name on the wire: a gRPC status carries it as "REASON: message", an item of a
stream in its `Error`. `orchestrator/api/status.py` holds the table from this tree to gRPC codes.
"""

import re

_AGAIN_IN = re.compile(r"again in (\d+(?:\.\d+)?) s$")


class FacegridError(Exception):
    """An error with a message for people and a `reason` for programs."""

    reason = "FACEGRID_ERROR"
    retry_after_s: float | None = None
    """After how many seconds the service expects to have room; None where it does not say."""
    request_id: str | None = None
    """Under which the service's log has the call; None where no call was made."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class InvalidRequest(FacegridError):
    """The request is wrong and will be wrong again."""

    reason = "INVALID_REQUEST"


class Unauthenticated(InvalidRequest):
    """The service asks for an API key, and the call has none, or one that is unknown, expired or revoked."""

    reason = "UNAUTHENTICATED"


class PermissionDenied(InvalidRequest):
    """The API key is valid, but has not the scope that the method needs."""

    reason = "PERMISSION_DENIED"


class InvalidImage(InvalidRequest):
    """The bytes are not a picture that can be read."""

    reason = "INVALID_IMAGE"


class InvalidOption(InvalidRequest):
    """An option is out of its range."""

    reason = "INVALID_OPTION"


class InvalidLabels(InvalidRequest):
    """The labels are none, no digits, or have weights that no share can be made of."""

    reason = "INVALID_LABELS"


class LimitExceeded(InvalidRequest):
    """The request is larger than the service is set to accept."""

    reason = "LIMIT_EXCEEDED"


class UnusableFace(InvalidRequest):
    """The picture can be read, but does not show the one face that is needed, or not well enough."""

    reason = "UNUSABLE_FACE"


class NoFace(UnusableFace):
    """No face was found in the picture, or fewer than the index of the one that is meant."""

    reason = "NO_FACE"


class ManyFaces(UnusableFace):
    """Several faces were found in the picture, and the request does not say which one is meant."""

    reason = "MANY_FACES"


class FaceTooSmall(UnusableFace):
    """The face has too few pixels to be enrolled."""

    reason = "FACE_TOO_SMALL"


class LowScore(UnusableFace):
    """The detector is not sure enough that this is a face for it to be enrolled."""

    reason = "LOW_SCORE"


class FaceTurned(UnusableFace):
    """The face is turned too far to one side to be enrolled."""

    reason = "FACE_TURNED"


class InvalidSubject(InvalidRequest):
    """The name cannot be that of a subject."""

    reason = "INVALID_SUBJECT"


class SubjectNotFound(InvalidRequest):
    """Nobody of this name is in the gallery."""

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
    """The gallery holds vectors of an embedder that is not served; its operator must move it to this one."""

    reason = "GALLERY_MISMATCH"


class DeadlineExceeded(TryAgain):
    """The time given was over before the answer was there."""

    reason = "DEADLINE_EXCEEDED"


class Overloaded(TryAgain):
    """The service has as much work as it is set to accept."""

    reason = "OVERLOADED"


class RateLimited(TryAgain):
    """The API key has used up its requests for the moment."""

    reason = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        # Ray drops the trailing metadata of a stream that fails, and an item has none; the message is always there.
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
