"""What can go wrong with a video, and FFmpeg's own words for it."""

import av


class VideoError(OSError):
    """A source that cannot be read, or a file that cannot be written; the message says what to do.

    Args:
        message: One sentence.
        reason: The part of it that says what happened, without advice.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or message


def reason_of(error: BaseException) -> str:
    """Returns FFmpeg's or the system's words for an error."""
    if isinstance(error, av.ExitError):  # our own time limit; FFmpeg says "Immediate exit requested"
        return "it does not answer"
    return getattr(error, "strerror", None) or str(error)
