"""One budget of time for a whole request, passed on to every step of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from facegrid.errors import DeadlineExceeded


class Deadline:
    """The moment at which a request must be answered.

    Args:
        timeout_s: Seconds from now.
    """

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.end_s = time.monotonic() + timeout_s
        """On the clock of `time.monotonic`."""
        self._waiting_for: list[str] = []

    def remaining_s(self) -> float:
        """Returns the seconds left, always above 0.

        Raises:
            DeadlineExceeded: None are left.
        """
        remaining = self.end_s - time.monotonic()
        if remaining <= 0:
            raise self.exceeded()
        return remaining

    @contextmanager
    def waiting_for(self, what: str) -> Iterator[None]:
        """Names what the request waits for during the block, so that `exceeded` can say it; blocks may overlap."""
        self._waiting_for.append(what)
        yield  # a failure leaves the name standing: `exceeded` is asked for it afterwards
        self._waiting_for.remove(what)

    def exceeded(self) -> DeadlineExceeded:
        """Returns the error that says this budget is used up."""
        where = f"; it waited for {self._waiting_for[-1]}" if self._waiting_for else ""
        return DeadlineExceeded(f"not done within the {self.timeout_s * 1000:.0f} ms given{where}")
