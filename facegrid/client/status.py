"""One table from gRPC statuses to the error tree, the inverse of the service's.

The service writes "REASON: message" into the details. Where a status comes from elsewhere (gRPC
itself, a proxy, Ray), there is no reason and its code decides.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from facegrid.errors import (
    DeadlineExceeded,
    FacegridError,
    InternalError,
    InvalidRequest,
    LimitExceeded,
    Overloaded,
    PermissionDenied,
    TryAgain,
    Unauthenticated,
    Unavailable,
    error_types,
)

if TYPE_CHECKING:
    from facegrid.v1 import error_pb2

ERROR_OF_CODE: dict[grpc.StatusCode, type[FacegridError]] = {
    # Wrong, and wrong again if repeated.
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.FAILED_PRECONDITION: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: InvalidRequest,  # with a reason; without one see `is_unrouted`
    grpc.StatusCode.ALREADY_EXISTS: InvalidRequest,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.UNIMPLEMENTED: InvalidRequest,
    # May succeed later.
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.ABORTED: TryAgain,
    grpc.StatusCode.CANCELLED: TryAgain,
    # A fault of the service.
    grpc.StatusCode.INTERNAL: InternalError,
    grpc.StatusCode.UNKNOWN: InternalError,
    grpc.StatusCode.DATA_LOSS: InternalError,
}
"""Every code but OK, which is not an error."""

_CODE_OF_NUMBER: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_REASON_AND_MESSAGE = re.compile(r"([A-Z][A-Z0-9_]*): (.*)", re.DOTALL)
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FAILED_WRITE = "Internal error from Core"
"""grpc.aio's text, with INTERNAL in place of the call's status, for a write to a connection just lost."""
_NO_CONNECTION = "failed to connect to all addresses"
_IS_IT_RUNNING = "Is it running? `facegrid status`"
_ADVICE = {
    "certificate has expired": "The service's certificate has expired: its operator must renew it",
    "CERTIFICATE_VERIFY_FAILED": "The authority that signed the service's certificate is not trusted here: "
    "name its file (facegrid.Tls(ca_file=...), or --tls-ca)",
    "Hostname Verification": "The service's certificate is for another name: connect to the name that it was issued "
    "for, or give that (facegrid.Tls(server_name=...), or --tls-server-name)",
    "WRONG_VERSION_NUMBER": "It does not speak TLS: leave out tls, or --tls",
    "Unwrap failed": "It wants a certificate of yours that is valid and of an authority it trusts "
    "(facegrid.Tls(cert_file=..., key_file=...), or --tls-cert and --tls-key)",
    "Socket closed": "It hung up at once: it may want TLS (tls=True, or --tls), or a certificate of yours that is "
    "valid and of an authority it trusts (facegrid.Tls(cert_file=..., key_file=...), or --tls-cert and --tls-key)",
}
"""Advice by words of gRPC's text when a TLS connection fails; the first that are found count."""
_LONGEST_FOREIGN_DETAILS = 300
"""Characters. Ray Serve's proxy puts a whole traceback into the details of its own errors."""


@contextmanager
def raised_as_facegrid_errors(target: str, request_id: str | None = None) -> Iterator[None]:
    """Raises the gRPC errors of its block, a call with this id, as FacegridErrors with the gRPC error as cause.

    Raises:
        FacegridError: whenever the block raises a grpc.RpcError.
    """
    try:
        yield
    except grpc.RpcError as err:
        error = error_of_rpc(err, target)
        error.request_id = request_id
        raise error from err


def is_unrouted(err: grpc.RpcError) -> bool:
    """Returns whether a call reached a proxy that had no service behind it.

    Ray's proxy answers NOT_FOUND for half a second while the service behind it restarts. The service's own NOT_FOUND
    has a reason.
    """
    return err.code() is grpc.StatusCode.NOT_FOUND and not _REASON_AND_MESSAGE.fullmatch(err.details() or "")


def error_of_rpc(err: grpc.RpcError, target: str) -> FacegridError:
    """Returns the error of a failed call; its message names `target` where that was not reached."""
    details = err.details() or ""
    if details == _FAILED_WRITE:
        return error_of_status(grpc.StatusCode.UNAVAILABLE, "the connection was lost", target)
    error = error_of_status(err.code(), details, target)
    if (pause_s := _retry_after_s(err)) is not None:
        error.retry_after_s = pause_s
    return error


def _retry_after_s(err: grpc.RpcError) -> float | None:
    """Returns after how many seconds the service asks for a retry, in gRPC's own metadata (gRFC A6)."""
    metadata: Any = err.trailing_metadata() if hasattr(err, "trailing_metadata") else None
    text = str(dict(metadata or ()).get("grpc-retry-pushback-ms", ""))
    return int(text) / 1000 if text.isdecimal() else None


def error_of_status(code: grpc.StatusCode, details: str, target: str) -> FacegridError:
    """Returns the error for a status, by the reason in its details, else by its code."""
    match = _REASON_AND_MESSAGE.fullmatch(details)
    known = error_types().get(match[1]) if match else None
    if match and known:
        return known(match[2])
    return _foreign_error(code, _one_line(details), target)


def broken_stream(cause: FacegridError | None, count: str, request_id: str) -> FacegridError:
    """Returns the error for a stream that is over without its end.

    Args:
        cause: Why it is over; None is an orderly close.
        count: How many of its items are unanswered, in words.
        request_id: Of the call.
    """
    if cause is None:
        cause = Unavailable("the service closed the stream before its end")
    error = type(cause)(f"{cause.message}; {count}", retry_after_s=cause.retry_after_s)
    error.request_id = request_id
    return error


def error_of_item(error: "error_pb2.Error", request_id: str | None = None) -> FacegridError:
    """Returns the error for one item of the call with this id, by its reason, else by its code."""
    found = _error_of_item(error)
    found.request_id = request_id
    return found


def _error_of_item(error: "error_pb2.Error") -> FacegridError:
    known = error_types().get(error.reason)
    if known is None:
        code = _CODE_OF_NUMBER.get(error.code, grpc.StatusCode.UNKNOWN)
        known = ERROR_OF_CODE.get(code, InternalError)
        return known(f"{error.reason}: {error.message}" if error.reason else error.message)
    return known(error.message)


def _foreign_error(code: grpc.StatusCode, details: str, target: str) -> FacegridError:
    """Returns the error for a status that the service did not write itself."""
    if code is grpc.StatusCode.UNAVAILABLE:
        return Unavailable(f"cannot reach the service at {target} ({details}). {_advice(details)}")
    if code is grpc.StatusCode.NOT_FOUND and not _REASON_AND_MESSAGE.fullmatch(details):
        return Unavailable(f"there is no service behind {target} at the moment ({details}). {_IS_IT_RUNNING}")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded(f"no answer from the service at {target} in the time given ({details})")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return LimitExceeded(details)  # gRPC's own words for a message over the size limit of a channel
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return InvalidRequest(f"the server at {target} does not offer this call, or is not facegrid ({details})")
    return ERROR_OF_CODE.get(code, InternalError)(f"{code.name} from {target}: {details or 'no details'}")


def _advice(details: str) -> str:
    """Returns advice about a service that cannot be reached."""
    if not details.startswith(_NO_CONNECTION):
        return _IS_IT_RUNNING
    return next((advice for words, advice in _ADVICE.items() if words in details), _IS_IT_RUNNING)


def _one_line(details: str) -> str:
    """Returns the details without colour codes, as one line of bounded length."""
    line = " ".join(_ESCAPE_SEQUENCE.sub("", details).split())
    if len(line) <= _LONGEST_FOREIGN_DETAILS:
        return line
    return line[:_LONGEST_FOREIGN_DETAILS] + " ..."
