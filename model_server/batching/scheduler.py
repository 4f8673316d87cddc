"""When a batch is run, and by which thread.

The rules are those of TensorFlow's SharedBatchScheduler. A batch is run when it is full, or when its first
request has waited long enough and a thread is free; threads take the queues in turn.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from model_server.batching import texts
from model_server.batching.queues import BatchQueue, BatchTask, ProcessBatch, QueuedBatch
from model_server.files.batching_parameters import BatchLimits, PoolSize


class BatchScheduler:
    """The queues and the threads that run batches; one scheduler serves all models."""

    def __init__(self, pool: PoolSize) -> None:
        self._pool = pool
        self._queues: OrderedDict[Hashable, BatchQueue] = OrderedDict()
        """The queues in which a batch waits; first the one that was served longest ago."""
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
        """Ends each thread after the batch that it runs."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def submit(self, key: Hashable, limits: BatchLimits, process: ProcessBatch, task: BatchTask) -> list[BatchTask]:
        """Puts the task into the queue of that key.

        Returns:
            The parts in which it was queued, in the order of their rows; wait for the answer of each.

        Raises:
            ServingError: The task is too large, or the queue full.
        """
        if task.size > limits.max_batch_size:
            raise texts.task_too_large(task.size, limits.max_batch_size)
        with self._changed:
            queue = self._queues.get(key) or BatchQueue(limits, process)
            before = len(queue.batches)
            parts = queue.add(task)
            self._queues[key] = queue
            # A task that joins a batch without filling it changes nothing for the threads.
            if len(queue.batches) != before or queue.ready_at_s() <= time.monotonic():
                self._changed.notify()
        return parts

    def _work(self) -> None:
        while (found := self._wait_for_batch()) is not None:
            process, batch = found
            try:
                process(batch.tasks)
            except Exception as error:  # noqa: BLE001 - the callers that wait get it, not this thread
                for task in batch.tasks:
                    if not task.answer.done():
                        task.answer.set_exception(error)

    def _wait_for_batch(self) -> tuple[ProcessBatch, QueuedBatch] | None:
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

    def _take(self, key: Hashable, queue: BatchQueue) -> QueuedBatch:
        batch = queue.batches.popleft()
        if queue.batches:
            self._queues.move_to_end(key)
        else:
            del self._queues[key]
        if self._queues:
            self._changed.notify()  # this thread also waited for the other queues
        return batch
