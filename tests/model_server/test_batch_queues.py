"""The rules by which batches are formed, with a function in the place of the network."""

import random
import threading
import time
from types import SimpleNamespace

import grpc
import numpy as np
import pytest
from google.protobuf import text_format

from facegrid.tfserving.v1.batching_parameters_pb2 import BatchingParameters
from model_server.batching.batcher import Batcher
from model_server.batching.queues import BatchScheduler, Task
from model_server.errors import ServingError
from model_server.files.batching import BatchLimits, PoolSize
from model_server.metrics.batching import BatchingMetrics
from model_server.metrics.registry import Registry
from orchestrator.predict.batches import MAX_BATCH
from tests.model_server.process import REPOSITORY, eventually

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


def task(size, deadline_s=None) -> Task:
    return Task([np.arange(size)], size, deadline_s)


def submit(scheduler, own_limits, size, batches=None, key="key") -> list[int]:
    def process(tasks):
        batches.append((key, [task.size for task in tasks]))
        for each in tasks:
            each.answer.set_result([each.arrays[0]])

    return [part.size for part in scheduler.submit(key, own_limits, process, task(size))]


def queued(scheduler) -> int:
    """Returns how many tasks wait."""
    with scheduler._changed:
        return sum(len(batch.tasks) for queue in scheduler._queues.values() for batch in queue.batches)


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


def test_a_batch_waits_for_its_time_or_until_it_is_full(scheduler):
    scheduler.start()
    batches = []
    process = lambda tasks: [each.answer.set_result([]) for each in tasks if batches.append(each) is None]  # noqa: E731
    first, second = task(1), task(1)
    scheduler.submit("key", limits(2, timeout_s=3600.0), process, first)
    with pytest.raises(TimeoutError):
        first.answer.result(0.05)
    scheduler.submit("key", limits(2, timeout_s=3600.0), process, second)
    first.answer.result(10)
    second.answer.result(10)
    assert batches == [first, second]
    started_s = time.monotonic()
    scheduler.submit("key", limits(2, timeout_s=0.05), process, third := task(1))
    third.answer.result(10)
    assert time.monotonic() - started_s >= 0.05


@pytest.mark.parametrize("deadlines_s", [(0.001, 0.002), (0.001, 30.0), (0.001, None)])
def test_a_batch_is_given_up_only_if_all_of_it_are_late(scheduler, deadlines_s):
    def network(feeds, _fetches, *, timeout_s):
        assert (timeout_s is None) == (deadlines_s[1] is None)
        return [feeds[0][1]]

    batcher = Batcher(network, scheduler, limits(2), BatchingMetrics(Registry()))
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
    threads[0].join(0.05)  # both are late by now, if they are to be
    scheduler.start()
    for thread in threads:
        thread.join()
    late = ("RESOURCE_EXHAUSTED", "Run() timeout exceeded while waiting in batching queue")
    assert answers == ([late, late] if deadlines_s[1] == 0.002 else [1, 1])


def test_everyone_gets_their_own_rows(scheduler):
    """Callers of many sizes and two shapes at once; every batch has an allowed size."""
    own = limits(8, max_batch_size=20, split_large=True, max_enqueued_batches=1000, allowed_sizes=(2, 8, 20))
    sizes = []

    def network(feeds, _fetches, *, timeout_s):
        assert timeout_s is None
        sizes.append(len(feeds[0][1]))
        return [feeds[0][1] * 2]

    batcher = Batcher(network, scheduler, own, BatchingMetrics(Registry()))
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


def test_the_shipped_limits_admit_every_request_of_the_orchestrator():
    text = (REPOSITORY / "serving_configs" / "batching.config").read_text()
    parameters = text_format.Parse(text, BatchingParameters())
    assert BatchLimits.from_proto(parameters).max_batch_size == max(MAX_BATCH.values())
    assert PoolSize.from_proto(parameters).threads == 2


BAD_PARAMETERS = {
    "max_batch_size { value: 0 }": "input_batch_size_limit must be positive; was 0",
    "max_enqueued_batches { value: -1 }": "max_enqueued_batches must be positive; was -1",
    "batch_timeout_micros { value: -1 }": "batch_timeout_micros must be non-negative; was -1",
    "num_batch_threads { value: 0 }": "num_batch_threads must be positive; was 0",
    "allowed_batch_sizes: 8": (
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 1000"
    ),
    "allowed_batch_sizes: [8, 8] max_batch_size { value: 8 }": (
        "allowed_batch_sizes must rise from at least 1; were [8, 8]"
    ),
    "enable_large_batch_splitting { value: true } max_execution_batch_size { value: 1001 }": (
        "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
        "max_execution_batch_size.110001001"
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_PARAMETERS.items())
def test_parameters_that_cannot_be(text, message):
    parameters = text_format.Parse(text, BatchingParameters())
    assert refusal(lambda: (PoolSize.from_proto(parameters), BatchLimits.from_proto(parameters))) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        message,
    )


def test_defaults_are_upstream_s():
    assert BatchLimits.from_proto(BatchingParameters()) == BatchLimits(1000, 1000, 0.0, 10, (), False)
    assert [limits(8, allowed_sizes=(2, 8)).padded_size(size) for size in (1, 2, 3, 8)] == [2, 2, 8, 8]
