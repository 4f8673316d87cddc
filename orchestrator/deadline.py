"""One budget of time for a whole request, passed on to every step of it."""

import time

from facegrid.errors import DeadlineExceeded


class Deadline:
    """The moment at which a request must be answered.

    Args:
        timeout_s: Seconds from now.
    """

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """Returns the seconds left, always above 0.

        Raises:
            DeadlineExceeded: None are left.
        """
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise self.exceeded()
        return remaining

    def exceeded(self) -> DeadlineExceeded:
        """Returns the error that says this budget is used up."""
        return DeadlineExceeded(f"not done within the {self.timeout_s * 1000:.0f} ms given")
