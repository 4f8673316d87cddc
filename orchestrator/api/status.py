"""The gRPC status of each error: the one table, and how a status says more than its code."""

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
"""By class; a class that is not listed has the code of its base."""


def status_code(error: FacegridError) -> StatusCode:
    """Returns the gRPC code of an error."""
    return next(_CODES[base] for base in type(error).__mro__ if base in _CODES)


def status_details(error: FacegridError) -> str:
    """Returns "REASON: message", which a client reads the error's class from."""
    return f"{error.reason}: {error.message}"


def status_metadata(error: FacegridError) -> tuple[tuple[str, str], ...]:
    """Returns the trailing metadata of an error: gRPC's pushback, the time after which a client may retry the call.

    Clients of every language obey it where their retry policy names the code (gRFC A6). A negative time forbids a
    retry.
    """
    if isinstance(error, LimitExceeded):
        return ((PUSHBACK_KEY, "-1"),)
    if error.retry_after_s is None:
        return ()
    return ((PUSHBACK_KEY, str(round(error.retry_after_s * 1000))),)


def to_message(error: FacegridError) -> error_pb2.Error:
    """Returns the error as the item of a stream carries it."""
    number, _ = status_code(error).value
    return error_pb2.Error(code=number, reason=error.reason, message=error.message)


def public(error: Exception) -> FacegridError:
    """Returns the error that a caller may see.

    Errors of the tree are made for callers. Any other error is a fault of ours: the log gets its traceback under an
    id, and the caller gets the id alone. The same holds for an `InternalError`, unless this function returned it: a
    fault has one id and one log entry, however many layers it passes.
    """
    if isinstance(error, FacegridError) and not isinstance(error, InternalError):
        return error
    if isinstance(error, InternalError) and error.message.startswith(_OUR_FAULT):
        return error
    incident = uuid.uuid4().hex[:12]
    _log.error("internal error %s", incident, exc_info=error)
    return InternalError(_OUR_FAULT + incident)
