"""How much work one server has, and how fast it is compared with the others. Pure: the time is passed in."""

_WEIGHT = 0.2
"""Weight of the newest call in a server's slowness: the last ten or so decide."""
_HALF_LIFE_S = 5.0
"""Time after which half of an idle server's slowness is forgotten, so that it is tried again."""


class LoadEstimate:
    """The calls under way on one server, and its slowness."""

    def __init__(self) -> None:
        self.calls = 0
        """Under way."""
        self.work = 0.0
        """Work of the calls under way, in any unit that grows with the time they take."""
        self._slowness = 1.0
        self._observed_s = 0.0

    def began(self, work: float) -> None:
        """Counts a call that was sent."""
        self.calls += 1
        self.work += work

    def ended(self, work: float) -> None:
        """Counts a call that is over, however it ended."""
        self.calls -= 1
        self.work = self.work - work if self.calls else 0.0  # no rounding error may remain

    def took(self, seconds: float, typical_s: float | None, now_s: float) -> None:
        """Counts how long a call took, where calls like it typically take `typical_s` on any server."""
        if not typical_s:
            return
        before = self.slowness(now_s)
        self._slowness = before + _WEIGHT * (seconds / typical_s - before)
        self._observed_s = now_s

    def slowness(self, now_s: float) -> float:
        """Returns the time of its calls over that of all servers' calls; 1 where nothing is known."""
        known: float = 0.5 ** ((now_s - self._observed_s) / _HALF_LIFE_S)
        return 1.0 + (self._slowness - 1.0) * known

    def expected(self, work: float, now_s: float) -> float:
        """Returns the time until a call would be answered if it were sent now, in units of work of a typical server."""
        return (self.work + work) * self.slowness(now_s)
