"""Virtual time: what is to happen, in the order in which it does."""

import heapq
from collections.abc import Callable
from itertools import count


class Events:
    """A clock that jumps from one event to the next; events of the same moment happen in the order they were set."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, at_s: float, action: Callable[[], None]) -> None:
        """Lets something happen at a time; at once where that has passed."""
        heapq.heappush(self._heap, (max(at_s, self.now_s), next(self._numbers), action))

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Lets something happen after a while."""
        self.at(self.now_s + delay_s, action)

    def run(self, *, until: Callable[[], bool]) -> None:
        """Lets time pass until it is so, which is asked after each event, or until nothing is left to happen."""
        while self._heap and not until():
            self.now_s, _, action = heapq.heappop(self._heap)
            action()
