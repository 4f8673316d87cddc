"""The rules by which batches are formed, with a function in the place of the network."""

import random
import threading
import time
from types import SimpleNamespace

import grpc
import numpy as np
import pytest

from model_server.batching.batcher import Batcher
from model_server.batching.queues import BatchQueue, BatchTask
from model_server.batching.scheduler import BatchScheduler
from model_server.errors import ServingError
from model_server.files.batching_parameters import BatchLimits, PoolSize
from model_server.metrics.batching_metrics import BatchingMetrics
from model_server.metrics.registry import MetricRegistry
from tests.model_server.helpers.batch_queues import queued
from tests.support.polling import eventually

PORT = SimpleNamespace(tensor_name="x:0")
FULL = "The batch scheduling queue to which this task was submitted is full; "


@pytest.fixture
def scheduler():
    """Not started: what is queued stays queued until the test starts it."""
    scheduler = BatchScheduler(PoolSize(1, "test"))
    yield scheduler
    scheduler.close()


def limits(execution_size, **others) -> BatchLimits:
    return BatchLimits(**{"max_batch_size": execution_size, "execution_size": execution_size, **others})


def task(size, deadline_s=None) -> BatchTask:
    return BatchTask([np.arange(size)], size, deadline_s)


def submit(scheduler, own_limits, size, batches=None, key="key") -> list[int]:
    def process(tasks):
        batches.append((key, [task.size for task in tasks]))
        for each in tasks:
            each.answer.set_result([each.arrays[0]])

    return [part.size for part in scheduler.submit(key, own_limits, process, task(size))]


def refusal(ask) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(ServingError) as caught:
        ask()
    return caught.value.code, caught.value.message


def test_a_task_may_be_as_large_as_a_batch(scheduler):
    assert submit(scheduler, limits(4), 4) == [4]
    assert refusal(lambda: submit(scheduler, limits(4), 5)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Task size 5 is larger than maximum input batch size 4",
    )


def test_the_task_that_opens_a_batch_too_many_is_refused(scheduler):
    own = limits(4, max_enqueued_batches=2)
    for size in (3, 1, 3):
        submit(scheduler, own, size)
    text = FULL + "currently 2 batches enqueued and max_enqueued_batches is 2"
    assert refusal(lambda: submit(scheduler, own, 2)) == (grpc.StatusCode.UNAVAILABLE, text)
    assert submit(scheduler, own, 1) == [1]
    assert submit(scheduler, own, 2, key="another queue") == [2]


def test_a_large_task_fills_the_open_batch_first(scheduler):
    own = limits(4, max_batch_size=9, split_large=True)
    assert submit(scheduler, own, 3) == [3]
    assert submit(scheduler, own, 9) == [1, 4, 4]
    assert submit(scheduler, own, 5) == [4, 1]
    assert refusal(lambda: submit(scheduler, own, 10))[1] == "Task size 10 is larger than maximum input batch size 9"


def test_a_task_is_split_only_if_all_parts_fit(scheduler):
    own = limits(4, max_batch_size=9, split_large=True, max_enqueued_batches=2)
    submit(scheduler, own, 3)
    text = (
        "task size is 6 but scheduling capacity is only 5 "
        "(num_enqueued_batches=1, max_enqueued_batches=2, open_batch_size=3, max_execution_batch_size=4)"
    )
    assert refusal(lambda: submit(scheduler, own, 6)) == (grpc.StatusCode.UNAVAILABLE, FULL + text)
    assert submit(scheduler, own, 5) == [1, 4]


def test_queues_take_turns(scheduler):
    batches = []
    for key, size in (("a", 2), ("a", 2), ("a", 2), ("b", 1), ("b", 2)):
        submit(scheduler, limits(2), size, batches, key)
    scheduler.start()
    eventually(lambda: len(batches) == 5, "every batch is run")
    assert batches == [("a", [2]), ("b", [1]), ("a", [2]), ("b", [2]), ("a", [2])]


def test_a_batch_is_ready_when_it_is_full_or_its_first_task_has_waited_long_enough():
    queue = BatchQueue(limits(2, timeout_s=3600.0), process=lambda _tasks: None)
    queue.add(task(1))
    opened_s = queue.batches[0].opened_s
    assert queue.ready_at_s() == opened_s + 3600.0
    queue.add(task(1))
    assert queue.ready_at_s() == opened_s


def test_a_batch_that_opens_behind_another_makes_that_one_ready():
    queue = BatchQueue(limits(3, timeout_s=3600.0), process=lambda _tasks: None)
    queue.add(task(2))
    queue.add(task(2))
    assert [batch.size for batch in queue.batches] == [2, 2]
    assert queue.ready_at_s() == queue.batches[0].opened_s


def test_a_thread_passes_over_a_batch_that_is_not_ready(scheduler):
    batches = []
    submit(scheduler, limits(2, timeout_s=3600.0), 1, batches, "half full")
    submit(scheduler, limits(2, timeout_s=3600.0), 2, batches, "full")
    scheduler.start()
    # The one thread looks at the queues in this order, so it has passed over the first when it runs the second.
    eventually(lambda: batches, "the full batch is run")
    assert batches == [("full", [2])]
    assert queued(scheduler) == 1
    submit(scheduler, limits(2, timeout_s=3600.0), 1, batches, "half full")
    eventually(lambda: len(batches) == 2, "the batch that became full is run")
    assert batches[1] == ("half full", [1, 1])


def test_a_batch_that_is_not_full_is_run_after_its_time(scheduler):
    ran_s = []

    def process(tasks):
        ran_s.append(time.monotonic())
        for each in tasks:
            each.answer.set_result([])

    scheduler.start()
    scheduler.submit("key", limits(2, timeout_s=0.05), process, alone := task(1))
    alone.answer.result(60)
    assert ran_s[0] >= alone.enqueued_s + 0.05  # a slow machine only makes it later


@pytest.mark.parametrize("deadlines_s", [(0.0, 0.0), (0.0, 600.0), (0.0, None)])
def test_a_batch_is_dropped_only_if_all_its_requests_are_late(scheduler, deadlines_s):
    def network(feeds, _fetches, *, timeout_s):
        assert (timeout_s is None) == (deadlines_s[1] is None)
        return [feeds[0][1]]

    batcher = Batcher(network, scheduler, limits(2), BatchingMetrics(MetricRegistry()))
    answers = []

    def ask(timeout_s):
        try:
            answers.append(len(batcher.run([(PORT, np.ones(1))], [PORT], timeout_s=timeout_s)[0]))
        except ServingError as error:
            answers.append((error.code.name, error.message))

    threads = [threading.Thread(target=ask, args=(timeout_s,)) for timeout_s in deadlines_s]
    for thread in threads:
        thread.start()
    eventually(lambda: queued(scheduler) == 2, "both are in one batch")
    scheduler.start()
    for thread in threads:
        thread.join()
    late = ("RESOURCE_EXHAUSTED", "Run() timeout exceeded while waiting in batching queue")
    assert answers == ([late, late] if deadlines_s[1] == 0.0 else [1, 1])


def test_every_caller_gets_its_own_rows(scheduler):
    """Callers of many sizes and two shapes at once; every batch has an allowed size."""
    own = limits(8, max_batch_size=20, split_large=True, max_enqueued_batches=1000, allowed_sizes=(2, 8, 20))
    sizes = []

    def network(feeds, _fetches, *, timeout_s):
        assert timeout_s is None
        sizes.append(len(feeds[0][1]))
        return [feeds[0][1] * 2]

    batcher = Batcher(network, scheduler, own, BatchingMetrics(MetricRegistry()))
    scheduler.start()
    wrong = []

    def ask(seed):
        chosen = random.Random(seed)
        for _ in range(50):
            rows = np.full((chosen.randrange(1, 21), chosen.choice((1, 3))), chosen.random())
            (answer,) = batcher.run([(PORT, rows)], [PORT])
            if not np.array_equal(answer, rows * 2):
                wrong.append((rows, answer))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert set(sizes) == {2, 8}
