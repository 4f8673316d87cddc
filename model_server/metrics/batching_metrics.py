"""The metrics of batching, under upstream's names."""

from collections.abc import Iterable

from model_server.metrics.registry import MetricRegistry, exponential

_PREFIX = "/tensorflow/serving/batching_session/"
_SIZE_LIMITS = exponential(1, 2, 14)


class BatchingMetrics:
    """Counts the batches of all models."""

    def __init__(self, registry: MetricRegistry) -> None:
        self._queuing = registry.histogram(
            f"{_PREFIX}queuing_latency", "thread_pool_name", limits=exponential(100, 1.2, 52)
        )
        self._runs = registry.counter(f"{_PREFIX}wrapped_run_count")
        self._input_sizes = registry.histogram(f"{_PREFIX}input_batch_size", limits=_SIZE_LIMITS)
        self._processed_sizes = registry.histogram(f"{_PREFIX}processed_batch_size", limits=_SIZE_LIMITS)
        self._padding_sizes = registry.histogram(f"{_PREFIX}padding_size", "execution_batch_size", limits=_SIZE_LIMITS)

    def record_request(self, size: int, inputs: int) -> None:
        """Counts a request of `size` rows, once for each of its inputs."""
        for _ in range(inputs):
            self._input_sizes.cell().add(size)

    def record_waits(self, thread_pool: str, waited_s: Iterable[float]) -> None:
        """Counts how long each request, or part of one, of a batch waited for a thread of the pool."""
        cell = self._queuing.cell(thread_pool)
        for wait_s in waited_s:
            cell.add(wait_s * 1e6)

    def record_batch(self, size: int, padding: int) -> None:
        """Counts a batch about to be run: its rows with the padding, and the padding alone."""
        self._padding_sizes.cell(str(size)).add(padding)
        self._processed_sizes.cell().add(size)

    def record_run(self) -> None:
        """Counts a run of the network, successful or not."""
        self._runs.cell().increase()
