"""How large a batch may be and how long it waits: the BatchingParameters of a file, checked."""

import os
from dataclasses import dataclass
from itertools import pairwise

from facegrid.tfserving.v1.batching_parameters_pb2 import BatchingParameters
from model_server.files import texts
from model_server.files.text_proto import read_text_proto
from model_server.flags import Flags


@dataclass(frozen=True)
class PoolSize:
    """The threads that run the batches of all models."""

    threads: int
    name: str

    @classmethod
    def from_proto(cls, parameters: BatchingParameters) -> "PoolSize":
        """Returns the threads that the parameters ask for; without a number, as many as CPUs.

        Raises:
            ServingError: The number is less than one.
        """
        threads = parameters.num_batch_threads.value if parameters.HasField("num_batch_threads") else os.cpu_count()
        if not threads or threads < 1:
            raise texts.not_positive("num_batch_threads", threads or 0)
        return cls(threads, parameters.thread_pool_name.value or "batch_threads")


@dataclass(frozen=True)
class BatchLimits:
    """The limits of every queue of a model."""

    max_batch_size: int = 1000
    """Maximum rows of a request."""
    execution_size: int = 1000
    """Maximum rows of a batch."""
    timeout_s: float = 0.0
    """Age of its first request at which a batch is run even if it is not full."""
    max_enqueued_batches: int = 10
    """Maximum batches that wait in one queue."""
    allowed_sizes: tuple[int, ...] = ()
    """Sizes to which batches are padded, in rising order; if empty, batches keep their size."""
    split_large: bool = False
    """A request may be spread over several batches."""

    @classmethod
    def from_proto(cls, parameters: BatchingParameters) -> "BatchLimits":
        """Returns the limits; defaults are those of TensorFlow's SharedBatchScheduler.

        Raises:
            ServingError: A value is out of range, or two values contradict each other.
        """

        def value(name: str, default: int) -> int:
            return int(getattr(parameters, name).value) if parameters.HasField(name) else default

        max_batch_size = value("max_batch_size", cls.max_batch_size)
        split_large = parameters.enable_large_batch_splitting.value
        timeout_micros = value("batch_timeout_micros", 0)
        limits = cls(
            max_batch_size=max_batch_size,
            execution_size=value("max_execution_batch_size", max_batch_size) if split_large else max_batch_size,
            timeout_s=timeout_micros / 1e6,
            max_enqueued_batches=value("max_enqueued_batches", cls.max_enqueued_batches),
            allowed_sizes=tuple(parameters.allowed_batch_sizes),
            split_large=split_large,
        )
        if timeout_micros < 0:
            raise texts.negative_timeout(timeout_micros)
        limits._check()
        return limits

    def _check(self) -> None:
        if self.max_batch_size < 1:
            raise texts.not_positive("input_batch_size_limit", self.max_batch_size)
        if self.max_enqueued_batches < 1:
            raise texts.not_positive("max_enqueued_batches", self.max_enqueued_batches)
        if self.execution_size < 1:
            raise texts.not_positive("max_execution_batch_size", self.execution_size)
        if self.execution_size > self.max_batch_size:
            raise texts.execution_size_too_large(self.max_batch_size, self.execution_size)
        if self.allowed_sizes:
            if self.allowed_sizes[-1] != self.max_batch_size:
                raise texts.allowed_sizes_end_elsewhere(self.allowed_sizes[-1], self.max_batch_size)
            if any(lower >= higher for lower, higher in pairwise((0, *self.allowed_sizes))):
                raise texts.allowed_sizes_do_not_rise(self.allowed_sizes)

    def padded_size(self, size: int) -> int:
        """Returns the smallest allowed size that `size` rows fit into."""
        return next((allowed for allowed in self.allowed_sizes if allowed >= size), size)


@dataclass(frozen=True)
class BatchingOptions:
    """What the flags and their file say about batching."""

    pool: PoolSize
    limits: BatchLimits
    """Those of every model, unless `per_model`."""
    per_model: bool
    """Each version has its own limits in its folder; a version without them is not batched."""


def configured_batching(flags: Flags) -> BatchingOptions | None:
    """Returns None without --enable_batching.

    Raises:
        ServingError: The file cannot be read, or its values are out of range.
    """
    if not flags.is_set("enable_batching"):
        return None
    parameters = BatchingParameters()
    if path := flags.text("batching_parameters_file"):
        read_text_proto(path, parameters)
    else:
        parameters.thread_pool_name.value = "model_server_batch_threads"
    return BatchingOptions(
        pool=PoolSize.from_proto(parameters),
        limits=BatchLimits.from_proto(parameters),
        per_model=flags.is_set("enable_per_model_batching_parameters"),
    )
