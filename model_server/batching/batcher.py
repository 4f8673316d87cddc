"""How the requests of a batch become one run of the network, and its outputs their results.

Upstream has one queue for each set of inputs and outputs. Here the dtypes and the sizes after the first
belong to the key as well. So tensors that do not fit together never meet, and the shape that one caller sends cannot
fail the batch of another.
"""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np

from model_server.batching import texts
from model_server.batching.queues import BatchTask
from model_server.batching.scheduler import BatchScheduler
from model_server.files.batching_parameters import BatchLimits
from model_server.metrics.batching_metrics import BatchingMetrics
from model_server.run.servable import Array, Port, RunFunction


class Batcher:
    """Runs the calls of one version in batches."""

    def __init__(
        self, run: RunFunction, scheduler: BatchScheduler, limits: BatchLimits, metrics: BatchingMetrics
    ) -> None:
        self._run = run
        self._scheduler = scheduler
        self._limits = limits
        self._metrics = metrics

    def run(
        self,
        feeds: Sequence[tuple[Port, Array]],
        fetches: Sequence[Port],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns this call's rows of the arrays of `fetches`. Blocks until its batch was run.

        Raises:
            ServingError: The inputs have no common first size, the queue is full, the deadline was over before the
                batch was run, the outputs cannot be split, or the network failed.
        """
        size = common_size([array for _, array in feeds])
        self._metrics.record_request(size, len(feeds))
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        names = tuple(sorted({port.tensor_name for port in fetches}))
        by_name = {port.tensor_name: port for port in fetches}
        process = partial(self._process, [port for port, _ in feeds], [by_name[name] for name in names])
        inputs = tuple((port.tensor_name, array.dtype, array.shape[1:]) for port, array in feeds)
        parts = self._scheduler.submit(
            (self, inputs, names), self._limits, process, BatchTask([array for _, array in feeds], size, deadline_s)
        )
        answers = [part.answer.result() for part in parts]
        rows = dict(zip(names, (_joined(arrays) for arrays in zip(*answers, strict=True)), strict=True))
        return [rows[port.tensor_name] for port in fetches]

    def _process(self, inputs: Sequence[Port], outputs: Sequence[Port], tasks: Sequence[BatchTask]) -> None:
        now_s = time.monotonic()
        self._metrics.record_waits(self._scheduler.name, (now_s - task.enqueued_s for task in tasks))
        timeout_s = time_left_s(tasks)
        size = sum(task.size for task in tasks)
        padded_size = self._limits.padded_size(size)
        padding = padded_size - size
        self._metrics.record_batch(padded_size, padding)
        arrays = [padded([task.arrays[index] for task in tasks], padding) for index in range(len(inputs))]
        try:
            results = self._run(list(zip(inputs, arrays, strict=True)), outputs, timeout_s=timeout_s)
        finally:
            self._metrics.record_run()
        for result in results:
            if result.ndim == 0:
                raise texts.scalar_output()
            if len(result) != len(arrays[0]):
                raise texts.wrong_output_size()
        start = 0
        for task in tasks:
            task.answer.set_result([result[start : start + task.size] for result in results])
            start += task.size


def common_size(arrays: Sequence[Array]) -> int:
    """Returns the number of rows, which is the same for all inputs of a request.

    Raises:
        ServingError: There is no input, an input has no dimension, or the numbers differ.
    """
    if not arrays:
        raise texts.no_inputs()
    if any(array.ndim == 0 for array in arrays):
        raise texts.scalar_input()
    if len({len(array) for array in arrays}) > 1:
        raise texts.different_sizes()
    return len(arrays[0])


def padded(arrays: Sequence[Array], padding: int) -> Array:
    """Returns all rows, then `padding` copies of the first row of the last array that has rows."""
    with_rows = [array for array in arrays if len(array)]
    if not padding or not with_rows:
        return _joined(arrays)
    return np.concatenate([*arrays, np.repeat(with_rows[-1][:1], padding, axis=0)])


def time_left_s(tasks: Sequence[BatchTask]) -> float | None:
    """Returns the seconds to the last deadline of a batch; None if a task has no deadline.

    Raises:
        ServingError: All deadlines are over.
    """
    deadlines_s = [task.deadline_s for task in tasks if task.deadline_s is not None]
    if len(deadlines_s) < len(tasks):
        return None
    left_s = max(deadlines_s) - time.monotonic()
    if left_s <= 0:
        raise texts.waited_too_long()
    return left_s


def _joined(arrays: Sequence[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
