"""How many servers a pool should have. Pure: load and time are passed in, so that a simulation runs the same rules.

As in Kubernetes' horizontal autoscaler, the number that the load asks for is remembered for a while. The number of
servers is raised to the least number asked for during the last moments, so that a single burst starts nothing. It is
lowered to the largest number asked for during a longer time, so that a pause between two bursts stops nothing.
"""

import math
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ScalingRules:
    """When to have more servers, and when fewer."""

    least: int = 1
    """Servers there always are; 1 or more."""
    most: int = 4
    """Servers there may be."""
    calls_per_server: float = 2.0
    """Calls, waiting or under way, that one server should have; above 0. Two keep it busy: one is computed while the
    next travels."""
    longest_queue_s: float = 0.25
    """Time that calls may wait to be sent; beyond it one more server is needed whatever the number of calls says."""
    up_delay_s: float = 1.0
    """Time for which more must be needed."""
    down_delay_s: float = 30.0
    """Time for which fewer must be needed: to start a server costs much more than to keep it for a while."""


class Autoscaler:
    """Decides on the number of servers, and remembers what was needed lately.

    Args:
        rules: When to have more servers, and when fewer.
    """

    def __init__(self, rules: ScalingRules) -> None:
        self._rules = rules
        self._wanted: deque[tuple[float, int]] = deque()
        self._since_s: float | None = None

    def decide(self, servers: int, *, running: int, in_flight: float, queue_s: float, now_s: float) -> int:
        """Returns the number of servers there should be.

        Args:
            servers: How many there are, including those that start.
            running: How many there are without those: the queue waits for these.
            in_flight: Calls that wait or are under way now.
            queue_s: Seconds that calls have lately waited to be sent.
            now_s: Any clock that only rises; the same in every call.
        """
        rules = self._rules
        if self._since_s is None:
            self._since_s = now_s
        self._wanted.append((now_s, self._wants(running, in_flight, queue_s)))
        while self._wanted[0][0] < now_s - max(rules.up_delay_s, rules.down_delay_s):
            self._wanted.popleft()
        known_s = now_s - self._since_s
        lately = [wanted for at_s, wanted in self._wanted if at_s >= now_s - rules.up_delay_s]
        if known_s >= rules.up_delay_s and min(lately) > servers:
            return self._bounded(min(lately))
        longer = [wanted for at_s, wanted in self._wanted if at_s >= now_s - rules.down_delay_s]
        if known_s >= rules.down_delay_s and max(longer) < servers:
            return self._bounded(max(longer))
        return self._bounded(servers)

    def _wants(self, running: int, in_flight: float, queue_s: float) -> int:
        by_calls = math.ceil(in_flight / self._rules.calls_per_server)
        by_queue = running + 1 if queue_s > self._rules.longest_queue_s else 0
        return self._bounded(max(by_calls, by_queue))

    def _bounded(self, servers: int) -> int:
        return min(max(servers, self._rules.least), self._rules.most)
