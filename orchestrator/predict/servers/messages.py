"""One call of TensorFlow Serving's gRPC API, without TensorFlow's package: request, answer, status.

Importing the published client loads all of TensorFlow (4 to 6 s and 500 MB for each process); the
messages here are equal on the wire and cost 0.1 s.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from numpy.typing import NDArray

from facegrid.errors import DeadlineExceeded, FacegridError, InternalError, Overloaded, Unavailable
from facegrid.tfserving.v1 import predict_pb2
from orchestrator.predict.checks import check_outputs
from orchestrator.predict.predictor import Arrays
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.servers.tensors import decode_tensor, encode_tensor

_log = logging.getLogger(__name__)

_SMALL_BYTES = 256 * 1024
"""So much is copied within 50 microseconds."""

_Result = TypeVar("_Result")

_OUTCOMES = {
    grpc.StatusCode.UNAVAILABLE: AttemptOutcome.UNREACHABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: AttemptOutcome.FULL,
    grpc.StatusCode.NOT_FOUND: AttemptOutcome.LACKING,
    grpc.StatusCode.INTERNAL: AttemptOutcome.BROKEN,
    grpc.StatusCode.UNKNOWN: AttemptOutcome.BROKEN,
    grpc.StatusCode.DATA_LOSS: AttemptOutcome.BROKEN,
    grpc.StatusCode.DEADLINE_EXCEEDED: AttemptOutcome.UNKNOWN,
    grpc.StatusCode.CANCELLED: AttemptOutcome.UNKNOWN,
}


async def encode(model: str, inputs: Arrays, signature: str, version: int | None) -> predict_pb2.PredictRequest:
    """Returns the request for one batch."""

    def build() -> predict_pb2.PredictRequest:
        request = predict_pb2.PredictRequest(
            model_spec=predict_pb2.ModelSpec(name=model, signature_name=signature),
            inputs={name: encode_tensor(array) for name, array in inputs.items()},
        )
        if version is not None:
            request.model_spec.version.value = version
        return request

    return await _off_the_loop(sum(array.nbytes for array in inputs.values()), build)


async def decode(
    response: predict_pb2.PredictResponse, model: str, signature: str, version: int | None, *, rows: int
) -> dict[str, NDArray[Any]]:
    """Returns the outputs of an answer.

    Args:
        response: The answer.
        model: Which was asked.
        signature: Of the model.
        version: That was asked for; None: any.
        rows: Of the batch.

    Raises:
        InternalError: The answer does not keep the contract.
    """
    answered = response.model_spec.version.value
    if version is not None and answered != version:
        raise InternalError(f"version {answered} of {model} answered instead of version {version}")
    try:
        outputs = await _off_the_loop(
            response.ByteSize(), lambda: {name: decode_tensor(tensor) for name, tensor in response.outputs.items()}
        )
    except ValueError as err:
        raise InternalError(f"output of {name_of(model, version)} is not readable: {err}") from err
    check_outputs(model, signature, outputs, rows=rows, version=version)
    return outputs


def name_of(model: str, version: int | None) -> str:
    """Returns the name of a model in a version, for error texts."""
    return model if version is None else f"{model} version {version}"


def outcome(code: grpc.StatusCode) -> AttemptOutcome:
    """Returns what a model server's status says about the server; other codes are answers, about the request."""
    return _OUTCOMES.get(code, AttemptOutcome.ANSWERED)


def explain(model: str, err: grpc.aio.AioRpcError, timeout_s: float) -> FacegridError:
    """Returns our error for a model server's status; its details go to the log, not to the caller."""
    code = err.code()
    _log.warning("predict failed: model=%s code=%s details=%.300s", model, code.name, err.details())
    match code:
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return late(model, timeout_s)
        case grpc.StatusCode.UNAVAILABLE:
            return unreachable(model)
        case grpc.StatusCode.NOT_FOUND:
            return Unavailable(f"the server of model {model} does not have it")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Overloaded(f"the server of model {model} has as much work as it accepts")
        case _:
            return InternalError(f"model {model} failed with {code.name}")


def unreachable(model: str) -> Unavailable:
    """Returns the error where no server answers."""
    return Unavailable(f"no server of model {model} can be reached")


def late(model: str, timeout_s: float) -> DeadlineExceeded:
    """Returns the error where no answer came in time."""
    return DeadlineExceeded(f"model {model} did not answer within the {timeout_s * 1000:.0f} ms left")


async def _off_the_loop(size_bytes: int, work: Callable[[], _Result]) -> _Result:
    """Returns what copying that many bytes gives: in a thread if it would hold up every other picture's events.

    A thread costs more than copying a single chip, above all on a machine without a free core.
    """
    return await asyncio.to_thread(work) if size_bytes > _SMALL_BYTES else work()
