"""The one table from our errors to gRPC status."""

import logging
import uuid

from grpc import StatusCode

from facegrid.errors import (
    AlreadyEnrolled,
    DeadlineExceeded,
    FacegridError,
    GalleryMismatch,
    InternalError,
    InvalidRequest,
    LimitExceeded,
    Overloaded,
    PermissionDenied,
    RateLimited,
    SubjectNotFound,
    TryAgain,
    Unauthenticated,
    Unavailable,
)
from facegrid.v1 import error_pb2

_log = logging.getLogger(__name__)

PUSHBACK_KEY = "grpc-retry-pushback-ms"

_OUR_FAULT = "something went wrong on our side; the service's log has it under "

_CODES: dict[type[FacegridError], StatusCode] = {
    InvalidRequest: StatusCode.INVALID_ARGUMENT,
    Unauthenticated: StatusCode.UNAUTHENTICATED,
    PermissionDenied: StatusCode.PERMISSION_DENIED,
    LimitExceeded: StatusCode.RESOURCE_EXHAUSTED,
    SubjectNotFound: StatusCode.NOT_FOUND,
    AlreadyEnrolled: StatusCode.ALREADY_EXISTS,
    TryAgain: StatusCode.UNAVAILABLE,
    Unavailable: StatusCode.UNAVAILABLE,
    GalleryMismatch: StatusCode.FAILED_PRECONDITION,
    DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
    Overloaded: StatusCode.RESOURCE_EXHAUSTED,
    RateLimited: StatusCode.RESOURCE_EXHAUSTED,
    FacegridError: StatusCode.INTERNAL,
    InternalError: StatusCode.INTERNAL,
}
"""By class; a class that is not listed has its base's code."""


def status_code(error: FacegridError) -> StatusCode:
    """Returns the gRPC code of an error."""
    return next(_CODES[base] for base in type(error).__mro__ if base in _CODES)


def status_details(error: FacegridError) -> str:
    """Returns "REASON: message", which a client reads the error's class from."""
    return f"{error.reason}: {error.message}"


def status_metadata(error: FacegridError) -> tuple[tuple[str, str], ...]:
    """Returns the trailing metadata of an error: gRPC's own word for when a client may repeat the call.

    Clients of every language heed it where their retry policy names the code (gRFC A6), also that it is never to be.
    """
    if isinstance(error, LimitExceeded):
        return ((PUSHBACK_KEY, "-1"),)
    if error.retry_after_s is None:
        return ()
    return ((PUSHBACK_KEY, str(round(error.retry_after_s * 1000))),)


def to_message(error: FacegridError) -> error_pb2.Error:
    """Returns the error as an item of a stream carries it."""
    number, _ = status_code(error).value
    return error_pb2.Error(code=number, reason=error.reason, message=error.message)


def public(error: Exception) -> FacegridError:
    """Returns what a caller may know of an error.

    Errors of the tree are meant for callers. Anything else is a fault of ours: it goes to the log
    with its traceback under an id, and the caller gets the id alone. So does an `InternalError`, but for
    one that this function returned: a fault has one id and one entry, however many layers it passes.
    """
    if isinstance(error, FacegridError) and not isinstance(error, InternalError):
        return error
    if isinstance(error, InternalError) and error.message.startswith(_OUR_FAULT):
        return error
    incident = uuid.uuid4().hex[:12]
    _log.error("internal error %s", incident, exc_info=error)
    return InternalError(_OUR_FAULT + incident)
