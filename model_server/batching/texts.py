"""The errors of requests that are run in batches: code and text, in the words of tensorflow_model_server."""

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode

_FULL = "The batch scheduling queue to which this task was submitted is full; "


def no_inputs() -> ServingError:
    """A request without inputs."""
    return ServingError(_Code.INVALID_ARGUMENT, "Batching Run() must have at least one input tensor")


def scalar_input() -> ServingError:
    """An input without rows."""
    return ServingError(_Code.INVALID_ARGUMENT, "Batching Run() input tensors must have at least one dimension")


def different_sizes() -> ServingError:
    """Inputs of one request that differ in their number of rows."""
    return ServingError(_Code.INVALID_ARGUMENT, "Batching Run() input tensors must have equal 0th-dimension size")


def task_too_large(size: int, max_batch_size: int) -> ServingError:
    """A request of more rows than a batch may have."""
    return ServingError(
        _Code.INVALID_ARGUMENT, f"Task size {size} is larger than maximum input batch size {max_batch_size}"
    )


def queue_full(enqueued: int, max_enqueued_batches: int) -> ServingError:
    """Too many batches wait."""
    return ServingError(
        _Code.UNAVAILABLE,
        f"{_FULL}currently {enqueued} batches enqueued and max_enqueued_batches is {max_enqueued_batches}",
    )


def no_capacity(
    size: int, capacity: int, *, enqueued: int, max_enqueued_batches: int, open_size: int, execution_size: int
) -> ServingError:
    """Too many batches wait, so that not all parts of a request can be queued."""
    return ServingError(
        _Code.UNAVAILABLE,
        f"{_FULL}task size is {size} but scheduling capacity is only {capacity} "
        f"(num_enqueued_batches={enqueued}, max_enqueued_batches={max_enqueued_batches}, "
        f"open_batch_size={open_size}, max_execution_batch_size={execution_size})",
    )


def waited_too_long() -> ServingError:
    """The deadlines of all requests of a batch were over before it was run."""
    return ServingError(_Code.RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue")


def scalar_output() -> ServingError:
    """An output that cannot be split among the requests."""
    return ServingError(_Code.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")


def wrong_output_size() -> ServingError:
    """An output with a different number of rows than the input."""
    return ServingError(
        _Code.FAILED_PRECONDITION,
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors",
    )
