"""Four times more work than can be done, in virtual time, against a reference that sees every queue and server."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

import pytest

from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull, Ticket
from orchestrator.priority import Priority

AT_ONCE = 8
SECONDS = 60.0

Takes = Callable[[float], float]
"""Seconds that work takes on average which begins at a time."""


@dataclass(frozen=True)
class Work:
    at_s: float
    give_up_s: float
    luck: float
    """Its own time over the average."""


@dataclass
class Became:
    done: int = 0
    late: int = 0
    refused: int = 0


def arrivals(rate: float, deadlines_s: tuple[float, ...], seed: int) -> Iterator[Work]:
    random, at_s = Random(seed), 0.0
    while (at_s := at_s + random.expovariate(rate)) < SECONDS:
        yield Work(at_s, at_s + random.choice(deadlines_s), random.uniform(0.5, 1.5))


def foreseen(works: list[Work], takes: Takes) -> Became:
    """The reference: takes work in turn if it would be done in time, since it knows when each place will be free."""
    free_s = [0.0] * AT_ONCE
    became = Became()
    for work in works:
        begin_s = max(work.at_s, min(free_s))
        if begin_s + takes(begin_s) > work.give_up_s:
            became.refused += 1
            continue
        end_s = begin_s + work.luck * takes(begin_s)
        free_s[free_s.index(min(free_s))] = end_s
        became.done += end_s <= work.give_up_s
        became.late += end_s > work.give_up_s
    return became


def admitted(works: list[Work], takes: Takes) -> Became:
    """What `AdmissionQueue` makes of it; work that is late is cut off at its time."""
    admission = AdmissionQueue(1.0, 64, cost_is_time=True)
    became = Became()
    events: list[tuple[float, int, Callable[[float], None]]] = []
    order = count()
    open_works: dict[Ticket, Work] = {}

    def at(at_s: float, event: Callable[[float], None]) -> None:
        heapq.heappush(events, (at_s, next(order), event))

    def start(ticket: Ticket, now_s: float) -> None:
        end_s = now_s + open_works[ticket].luck * takes(now_s)
        at(end_s, lambda now_s: end(ticket, now_s, done=True))

    def end(ticket: Ticket, now_s: float, *, done: bool) -> None:
        if open_works.pop(ticket, None) is None:
            return
        became.done += done
        became.late += not done
        for started in admission.finish(ticket, now_s, done=done):
            start(started, now_s)

    def ask(work: Work, now_s: float) -> None:
        try:
            ticket, _ = admission.ask(1 / AT_ONCE, Priority.INTERACTIVE, now_s=now_s, give_up_s=work.give_up_s)
        except QueueFull:
            became.refused += 1
            return
        open_works[ticket] = work
        at(work.give_up_s, lambda now_s: end(ticket, now_s, done=False))
        if ticket.started_s is not None:
            start(ticket, now_s)

    for work in works:
        at(work.at_s, lambda now_s, work=work: ask(work, now_s))  # type: ignore[misc]
    while events:
        now_s, _, event = heapq.heappop(events)
        event(now_s)
    return became


def steady(_begin_s: float) -> float:
    return 0.2


def slower_for_a_while(begin_s: float) -> float:
    """A machine that others need, too, from 20 to 40 s."""
    return 0.8 if 20 <= begin_s < 40 else 0.2


@pytest.mark.parametrize("takes", [steady, slower_for_a_while])
@pytest.mark.parametrize("deadlines_s", [(2.0,), (1.0, 2.0, 8.0)])
@pytest.mark.parametrize("times", [1.0, 4.0, 8.0])
def test_nearly_as_much_is_done_as_by_a_reference_that_knows_the_future(
    takes: Takes, deadlines_s: tuple[float, ...], times: float
) -> None:
    works = list(arrivals(times * AT_ONCE / 0.2, deadlines_s, seed=1))
    best, ours = foreseen(works, takes), admitted(works, takes)
    assert ours.done + ours.late + ours.refused == len(works)
    assert ours.done >= 0.9 * best.done, (ours, best)
    assert ours.late <= 0.02 * ours.done, (ours, best)


@pytest.mark.parametrize("deadline_s", [0.05, 0.15])
def test_work_that_nobody_can_do_in_time_does_not_stop_the_rest(deadline_s: float) -> None:
    """Half of the callers have less time than the fastest work takes; what is left to them is not taken from others."""
    works = list(arrivals(2 * AT_ONCE / 0.4, (deadline_s, 4.0), seed=2))
    patient = [work for work in works if work.give_up_s - work.at_s > 1]
    best, ours = foreseen(patient, lambda _begin_s: 0.4), admitted(works, lambda _begin_s: 0.4)
    assert ours.done >= 0.9 * best.done, (ours, best)
