"""Everything that can go wrong, as one tree that the service raises and the client raises again.

    FacegridError
    ├── InvalidRequest            the caller must change the request
    │   ├── InvalidImage              not a picture that can be read
    │   ├── InvalidOption             an option out of its range
    │   └── LimitExceeded             larger than the service is set to accept
    ├── TryAgain                  the same request may succeed later, or elsewhere
    │   ├── Unavailable               the service, or one of its model servers, cannot be reached
    │   ├── DeadlineExceeded          the time given was too short
    │   └── Overloaded                the service is full
    └── InternalError             our fault; the id in the message finds the log entry

`reason` is the name on the wire: a gRPC status carries it as "REASON: message", an item of a
stream in its `Error`. `orchestrator/api/status.py` holds the table from this tree to gRPC codes.
"""


class FacegridError(Exception):
    """An error with a message for people and a `reason` for programs."""

    reason = "FACEGRID_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequest(FacegridError):
    """The request is wrong and will be wrong again."""

    reason = "INVALID_REQUEST"


class InvalidImage(InvalidRequest):
    """The bytes are not a picture that can be read."""

    reason = "INVALID_IMAGE"


class InvalidOption(InvalidRequest):
    """An option is out of its range."""

    reason = "INVALID_OPTION"


class LimitExceeded(InvalidRequest):
    """The request is larger than the service is set to accept."""

    reason = "LIMIT_EXCEEDED"


class TryAgain(FacegridError):
    """Nothing is wrong with the request; it may succeed later."""

    reason = "TRY_AGAIN"


class Unavailable(TryAgain):
    """The service, or the model server named, cannot be reached or does not have the model."""

    reason = "UNAVAILABLE"


class DeadlineExceeded(TryAgain):
    """The time given was over before the answer was there."""

    reason = "DEADLINE_EXCEEDED"


class Overloaded(TryAgain):
    """The service has as much work as it is set to accept."""

    reason = "OVERLOADED"


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
