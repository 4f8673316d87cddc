"""A token bucket: bounds requests per second in the long run, and requests at once after a pause."""

import time
from collections.abc import Callable


class TokenBucket:
    """Counts the requests of one key. It starts full.

    Args:
        rps: Tokens added per second, above 0.
        burst: Most tokens that it holds, at least 1.
        clock: Seconds, never going back.
    """

    def __init__(self, rps: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rps = rps
        self.burst = burst
        self._clock = clock
        self._tokens = float(self.burst)
        self._counted_s = clock()

    def take(self) -> float:
        """Takes a token and returns 0; if there is none, returns the seconds until there is one."""
        self._refill()
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rps

    def reserve(self) -> float:
        """Takes a token in advance and returns the seconds until it is there."""
        self._refill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self.rps)

    def _refill(self) -> None:
        now_s = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now_s - self._counted_s) * self.rps)
        self._counted_s = now_s
