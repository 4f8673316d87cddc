"""Which requests run together and when: queues that form batches, and the threads that run them.

The rules are those of TensorFlow's SharedBatchScheduler. A batch is run when it is full, or when its first
request has waited long enough and a thread is free; threads take the queues in turn.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

from model_server.batching import texts
from model_server.files.batching import BatchLimits, PoolSize

Array = NDArray[Any]


@dataclass(eq=False)
class Task:
    """Rows that a request waits for: all of its rows, or a part of them."""

    arrays: Sequence[Array]
    """The inputs, each with `size` rows."""
    size: int
    deadline_s: float | None = None
    """On the clock of `time.monotonic`."""
    enqueued_s: float = field(default_factory=time.monotonic)
    answer: "Future[list[Array]]" = field(default_factory=Future)

    def rows(self, start: int, stop: int) -> "Task":
        """Returns a task of its own for a part of the rows."""
        return Task([array[start:stop] for array in self.arrays], stop - start, self.deadline_s, self.enqueued_s)


Process = Callable[[Sequence[Task]], None]
"""Runs a batch and answers each of its tasks; an exception answers all of them."""


class _Batch:
    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.size = 0
        self.opened_s = time.monotonic()


class _Queue:
    """Batches that wait, the last of which takes more tasks. It exists only while one waits."""

    def __init__(self, limits: BatchLimits, process: Process) -> None:
        self.process = process
        self.batches: deque[_Batch] = deque()
        self._limits = limits

    def add(self, task: Task) -> list[Task]:
        """Returns the parts in which the task was queued: itself, or several of its rows each.

        Raises:
            ServingError: The queue is full.
        """
        parts = self._checked_parts(task)
        for part in parts:
            if not self.batches or self.batches[-1].size + part.size > self._limits.execution_size:
                self.batches.append(_Batch())
            self.batches[-1].tasks.append(part)
            self.batches[-1].size += part.size
        return parts

    def ready_at_s(self) -> float:
        """Returns when the first batch may be run."""
        first = self.batches[0]
        if len(self.batches) > 1 or first.size >= self._limits.execution_size:
            return first.opened_s
        return first.opened_s + self._limits.timeout_s

    def _checked_parts(self, task: Task) -> list[Task]:
        limits = self._limits
        open_size = self.batches[-1].size if self.batches else 0
        enqueued = max(1, len(self.batches))  # upstream keeps an open batch even when nothing waits
        room = limits.execution_size - open_size
        if not limits.split_large:
            if task.size > room and enqueued >= limits.max_enqueued_batches:
                raise texts.queue_full(enqueued, limits.max_enqueued_batches)
            return [task]
        capacity = (limits.max_enqueued_batches - enqueued) * limits.execution_size + room
        if task.size > capacity:
            raise texts.no_capacity(
                task.size,
                capacity,
                enqueued=enqueued,
                max_enqueued_batches=limits.max_enqueued_batches,
                open_size=open_size,
                execution_size=limits.execution_size,
            )
        if task.size <= room:
            return [task]
        cuts = [0, *range(room, task.size, limits.execution_size), task.size]
        return [task.rows(start, stop) for start, stop in pairwise(cuts) if stop > start]


class BatchScheduler:
    """The threads and all queues; one for all models."""

    def __init__(self, pool: PoolSize) -> None:
        self._pool = pool
        self._queues: OrderedDict[Hashable, _Queue] = OrderedDict()
        """The queues in which a batch waits, the one served longest ago first."""
        self._changed = threading.Condition()
        self._is_closed = False

    @property
    def name(self) -> str:
        """The name of the pool of threads."""
        return self._pool.name

    def start(self) -> None:
        """Starts the threads, which end with `close` or the process."""
        for index in range(self._pool.threads):
            threading.Thread(target=self._work, name=f"{self._pool.name}-{index}", daemon=True).start()

    def close(self) -> None:
        """Lets each thread end after the batch it runs."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def submit(self, key: Hashable, limits: BatchLimits, process: Process, task: Task) -> list[Task]:
        """Puts the task into the queue of that key.

        Returns:
            The parts in which it was queued, in the order of their rows; wait for the answer of each.

        Raises:
            ServingError: The task is too large, or the queue full.
        """
        if task.size > limits.max_batch_size:
            raise texts.task_too_large(task.size, limits.max_batch_size)
        with self._changed:
            queue = self._queues.get(key) or _Queue(limits, process)
            before = len(queue.batches)
            parts = queue.add(task)
            self._queues[key] = queue
            # A task that only joins a batch that is waited for changes nothing for the threads.
            if len(queue.batches) != before or queue.ready_at_s() <= time.monotonic():
                self._changed.notify()
        return parts

    def _work(self) -> None:
        while (found := self._wait_for_batch()) is not None:
            process, batch = found
            try:
                process(batch.tasks)
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait, not to this thread
                for task in batch.tasks:
                    if not task.answer.done():
                        task.answer.set_exception(error)

    def _wait_for_batch(self) -> tuple[Process, _Batch] | None:
        with self._changed:
            while not self._is_closed:
                now_s = time.monotonic()
                next_s = None
                for key, queue in self._queues.items():
                    ready_s = queue.ready_at_s()
                    if ready_s <= now_s:
                        return queue.process, self._take(key, queue)
                    next_s = ready_s if next_s is None else min(next_s, ready_s)
                self._changed.wait(None if next_s is None else next_s - now_s)
        return None

    def _take(self, key: Hashable, queue: _Queue) -> _Batch:
        batch = queue.batches.popleft()
        if queue.batches:
            self._queues.move_to_end(key)
        else:
            del self._queues[key]
        if self._queues:
            self._changed.notify()  # this thread watched over the other queues too
        return batch
