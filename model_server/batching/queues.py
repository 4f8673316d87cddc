"""Which requests share a batch, and how a large request is cut into several.

The rules are those of TensorFlow's SharedBatchScheduler. When a batch is run is in `scheduler.py`.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise

from model_server.batching import texts
from model_server.files.batching_parameters import BatchLimits
from model_server.run.servable import Array


@dataclass(eq=False)
class BatchTask:
    """All rows of a request, or a part of them, and the future for their results."""

    arrays: Sequence[Array]
    """The inputs, each with `size` rows."""
    size: int
    deadline_s: float | None = None
    """On the clock of `time.monotonic`."""
    enqueued_s: float = field(default_factory=time.monotonic)
    answer: "Future[list[Array]]" = field(default_factory=Future)

    def rows(self, start: int, stop: int) -> "BatchTask":
        """Returns a new task for a part of the rows."""
        return BatchTask([array[start:stop] for array in self.arrays], stop - start, self.deadline_s, self.enqueued_s)


ProcessBatch = Callable[[Sequence[BatchTask]], None]
"""Runs a batch and answers each of its tasks; an exception answers all of them."""


class QueuedBatch:
    """Tasks that are run together."""

    def __init__(self) -> None:
        self.tasks: list[BatchTask] = []
        self.size = 0
        self.opened_s = time.monotonic()


class BatchQueue:
    """Batches that wait; the last one takes more tasks."""

    def __init__(self, limits: BatchLimits, process: ProcessBatch) -> None:
        self.process = process
        self.batches: deque[QueuedBatch] = deque()
        self._limits = limits

    def add(self, task: BatchTask) -> list[BatchTask]:
        """Returns the parts in which the task was queued: the task itself, or one part for each batch.

        Raises:
            ServingError: The queue is full.
        """
        parts = self._checked_parts(task)
        for part in parts:
            if not self.batches or self.batches[-1].size + part.size > self._limits.execution_size:
                self.batches.append(QueuedBatch())
            self.batches[-1].tasks.append(part)
            self.batches[-1].size += part.size
        return parts

    def ready_at_s(self) -> float:
        """Returns when the first batch may be run."""
        first = self.batches[0]
        if len(self.batches) > 1 or first.size >= self._limits.execution_size:
            return first.opened_s
        return first.opened_s + self._limits.timeout_s

    def _checked_parts(self, task: BatchTask) -> list[BatchTask]:
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
