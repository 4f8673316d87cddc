"""Virtual time: actions in the order in which they are due."""

import heapq
from collections.abc import Callable
from itertools import count


class Events:
    """A clock that jumps from one event to the next; events at the same time run in the order they were added."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, at_s: float, action: Callable[[], None]) -> None:
        """Runs an action at a time; as the next event where that has passed."""
        heapq.heappush(self._heap, (max(at_s, self.now_s), next(self._numbers), action))

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Runs an action after a delay."""
        self.at(self.now_s + delay_s, action)

    def run(self, *, until: Callable[[], bool]) -> None:
        """Runs events until `until` returns true, which is asked after each event, or until none is left."""
        while self._heap and not until():
            self.now_s, _, action = heapq.heappop(self._heap)
            action()
