import asyncio
import time

import pytest

from facegrid.errors import DeadlineExceeded, Overloaded
from orchestrator.deadline import Deadline
from orchestrator.predict.limiter import Limiter
from orchestrator.predict.rules.admission import AdmissionQueue, QueueFull
from orchestrator.priority import Priority

FAR = 1e9


def ask(admission, cost=1.0, priority=Priority.INTERACTIVE, now_s=0.0, give_up_s=FAR):
    return admission.ask(cost, priority, now_s=now_s, give_up_s=give_up_s)[0]


def running(ticket):
    return ticket.started_s is not None


def test_work_starts_while_there_is_room_then_waits_then_is_refused_at_once():
    admission = AdmissionQueue(2, max_waiting=3)
    tickets = [ask(admission) for _ in range(5)]
    assert [running(ticket) for ticket in tickets] == [True, True, False, False, False]
    with pytest.raises(QueueFull) as caught:
        ask(admission)
    assert caught.value.retry_after_s > 0
    assert admission.finish(tickets[0], 1.0) == [tickets[2]]
    assert not running(ask(admission))


def test_what_waits_starts_in_order_interactive_before_bulk():
    admission = AdmissionQueue(1, max_waiting=10)
    first = ask(admission)
    bulk = [ask(admission, priority=Priority.BULK) for _ in range(2)]
    interactive = [ask(admission) for _ in range(2)]
    order = []
    current = first
    for _ in range(4):
        (current,) = admission.finish(current, 1.0)
        order.append(current)
    assert order == interactive + bulk


def test_interactive_work_takes_the_place_of_the_newest_bulk_work_in_a_full_queue():
    admission = AdmissionQueue(1, max_waiting=2)
    ask(admission)
    old, new = (ask(admission, priority=Priority.BULK) for _ in range(2))
    ticket, gives_way = admission.ask(1, Priority.INTERACTIVE, now_s=0, give_up_s=FAR)
    assert gives_way is new
    assert not running(ticket)
    with pytest.raises(QueueFull):
        ask(admission, priority=Priority.BULK)
    ask(admission)  # in the place of `old`
    with pytest.raises(QueueFull):
        ask(admission)
    assert not running(old)


def test_costs_add_up_and_what_costs_more_than_there_is_goes_alone():
    admission = AdmissionQueue(1.0, max_waiting=10)
    small = [ask(admission, 0.1) for _ in range(10)]  # ten tenths are one, whatever their sum is in floating point
    assert all(map(running, small))
    huge = ask(admission, 7.0)
    behind = ask(admission, 0.1)
    started = [admission.finish(ticket, 1.0) for ticket in small]
    assert started == [[]] * 9 + [[huge]]
    assert not running(behind), "what is large is not overtaken for ever"
    assert admission.finish(huge, 2.0) == [behind]


def test_what_cannot_be_done_in_time_is_refused_while_there_is_time_to_ask_elsewhere():
    admission = AdmissionQueue(1, max_waiting=100)
    ticket = ask(admission)
    admission.finish(ticket, 1.0)  # so work takes about a second
    ask(admission, now_s=1.0)
    ask(admission, now_s=1.0)  # one second of waiting
    with pytest.raises(QueueFull) as caught:
        ask(admission, now_s=1.0, give_up_s=4.9)
    assert caught.value.retry_after_s == pytest.approx(1.0)
    ask(admission, now_s=1.0, give_up_s=5.1)


def test_what_can_start_at_once_is_never_refused():
    admission = AdmissionQueue(1, max_waiting=0)
    admission.finish(ask(admission), 100.0)
    assert running(ask(admission, now_s=100.0, give_up_s=100.001))


def test_work_that_is_not_wanted_any_more_leaves_the_queue():
    admission = AdmissionQueue(1, max_waiting=1)
    first, second = ask(admission), ask(admission)
    assert admission.finish(second, 0.5) == []
    third = ask(admission)
    assert admission.finish(first, 1.0) == [third]


def test_more_room_starts_what_waits():
    admission = AdmissionQueue(1, max_waiting=5)
    tickets = [ask(admission) for _ in range(4)]
    assert admission.resize(3, 1.0) == tickets[1:3]
    assert admission.running == 3


def test_work_that_was_cut_off_is_time_without_a_result():
    """Cut off after half a second, it would else seem to take half a second."""
    admission = AdmissionQueue(1, max_waiting=100)
    admission.finish(ask(admission), 1.0)  # so work takes a second
    for _ in range(60):
        admission.finish(ask(admission, now_s=2.0), 2.5, done=False)
    ask(admission, now_s=3.0)
    with pytest.raises(QueueFull):
        ask(admission, now_s=3.0, give_up_s=30.0)
    ask(admission, now_s=3.0, give_up_s=FAR)


def test_work_with_less_time_than_the_fastest_of_its_cost_took_is_refused_although_there_is_room():
    admission = AdmissionQueue(1.0, max_waiting=10, cost_is_time=True)
    for cost, seconds in ((0.1, 1.0), (0.2, 3.0)):
        admission.finish(ask(admission, cost), seconds)
    ask(admission, 0.1, now_s=3.0)
    with pytest.raises(QueueFull):
        ask(admission, 0.1, now_s=3.0, give_up_s=3.99)
    ask(admission, 0.1, now_s=3.0, give_up_s=4.01)
    ask(admission, 0.01, now_s=3.0, give_up_s=3.11)  # what costs a tenth may take a tenth


def test_an_empty_queue_accepts_work_however_little_time_it_has():
    admission = AdmissionQueue(1.0, max_waiting=10, cost_is_time=True)
    admission.finish(ask(admission, 0.1), 100.0)
    assert running(ask(admission, 0.1, now_s=100.0, give_up_s=100.001))


def test_a_refusal_for_lack_of_time_does_not_speak_of_a_full_queue():
    """The words are those that callers read (orchestrator/predict/limiter.py)."""

    async def refusal(takes_s, max_waiting):
        queue, now_s = AdmissionQueue(1, max_waiting), time.monotonic()
        queue.finish(ask(queue, now_s=now_s), now_s + takes_s)  # how long work takes is known
        limiter = Limiter(queue, "the queue for pictures")
        async with limiter.acquire(1, deadline=Deadline(60)):
            with pytest.raises(Overloaded) as caught:
                limiter.check(1, deadline=Deadline(60))
        return str(caught.value)

    assert "the queue for pictures takes longer than the time given; try again in" in asyncio.run(refusal(100, 8))
    assert "the queue for pictures is full; try again in" in asyncio.run(refusal(0, 0))


def test_what_has_no_time_left_is_neither_started_nor_counted_as_refused():
    limiter = Limiter(AdmissionQueue(1, 8), "the queue for pictures")

    async def acquire():
        async with limiter.acquire(1, deadline=Deadline(0)):
            pytest.fail("it started")

    with pytest.raises(DeadlineExceeded):
        asyncio.run(acquire())


def test_the_average_wait_is_of_what_waited_and_of_what_did_not():
    admission = AdmissionQueue(1, max_waiting=5)
    first = ask(admission)
    ask(admission, now_s=1.0)
    assert admission.mean_wait_s == 0.0
    admission.finish(first, 11.0)  # the second waited for 10 s
    assert admission.mean_wait_s == pytest.approx(0.2 * 10)
