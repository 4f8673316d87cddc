"""The predictor in production: TensorFlow Serving's gRPC API, without TensorFlow's package.

Importing the published client loads all of TensorFlow (4 to 6 s and 500 MB for each process); the
messages here are equal on the wire and cost 0.1 s.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import grpc
from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from facegrid.errors import DeadlineExceeded, FacegridError, InternalError, Overloaded, Unavailable
from facegrid.tfserving.v1 import predict_pb2
from orchestrator.models.checks import check_inputs, check_outputs
from orchestrator.models.predictor import Arrays
from orchestrator.models.tensors import decode_tensor, encode_tensor

_log = logging.getLogger(__name__)

_PREDICT = "/tensorflow.serving.PredictionService/Predict"

_CHANNEL_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    # gRPC's own limit of 4 MiB is a client's, and pnet's maps of one picture exceed it.
    ("grpc.max_receive_message_length", -1),
    # A model server that comes back is used again within two seconds instead of two minutes.
    ("grpc.max_reconnect_backoff_ms", 2_000),
]

_SMALL_BYTES = 256 * 1024
"""What is copied within 50 microseconds."""

_Call = Callable[..., Any]
_Result = TypeVar("_Result")


class TfServingPredictor:
    """Sends batches to model servers; implements `orchestrator.models.predictor.Predictor`.

    Args:
        targets: Address, HOST:PORT, of each model's server, by model.
    """

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = dict(targets)
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._calls: dict[str, _Call] = {}

    async def start(self) -> None:
        """Opens one channel for each address; a server that is not there yet is no error."""
        for model, target in self._targets.items():
            if target not in self._channels:
                self._channels[target] = grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS)
            self._calls[model] = self._channels[target].unary_unary(
                _PREDICT,
                request_serializer=predict_pb2.PredictRequest.SerializeToString,
                response_deserializer=predict_pb2.PredictResponse.FromString,
            )

    async def close(self) -> None:
        """Closes the channels; calls under way end with an error."""
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))
        self._channels.clear()
        self._calls.clear()

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        timeout_s: float,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`."""
        rows = check_inputs(model, signature, inputs, version=version)
        what = model if version is None else f"{model} version {version}"
        size = sum(array.nbytes for array in inputs.values())
        request = await _off_the_loop(size, lambda: _encode(model, inputs, signature, version))
        try:
            response = await self._calls[model](request, timeout=timeout_s)
        except grpc.aio.AioRpcError as err:
            raise _explain(what, err, timeout_s) from err
        answered = response.model_spec.version.value
        if version is not None and answered != version:
            raise InternalError(f"version {answered} of {model} answered instead of version {version}")
        try:
            outputs = await _off_the_loop(response.ByteSize(), lambda: _decode(response))
        except ValueError as err:
            raise InternalError(f"output of {what} is not readable: {err}") from err
        check_outputs(model, signature, outputs, rows=rows, version=version)
        return outputs


async def _off_the_loop(size_bytes: int, work: Callable[[], _Result]) -> _Result:
    """Returns what copying that many bytes gives: in a thread if it would hold up every other picture's events.

    A thread costs more than copying a single chip, above all on a machine without a free core.
    """
    return await asyncio.to_thread(work) if size_bytes > _SMALL_BYTES else work()


def _encode(model: str, inputs: Arrays, signature: str, version: int | None) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(
        model_spec=predict_pb2.ModelSpec(name=model, signature_name=signature),
        inputs={name: encode_tensor(array) for name, array in inputs.items()},
    )
    if version is not None:
        request.model_spec.version.value = version
    return request


def _decode(response: predict_pb2.PredictResponse) -> dict[str, NDArray[Any]]:
    return {name: decode_tensor(tensor) for name, tensor in response.outputs.items()}


def _explain(model: str, err: grpc.aio.AioRpcError, timeout_s: float) -> FacegridError:
    """Returns our error for a model server's status; its details go to the log, not to the caller."""
    code = err.code()
    _log.warning("predict failed: model=%s code=%s details=%.300s", model, code.name, err.details())
    match code:
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded(f"model {model} did not answer within the {timeout_s * 1000:.0f} ms left")
        case grpc.StatusCode.UNAVAILABLE:
            return Unavailable(f"no server of model {model} can be reached")
        case grpc.StatusCode.NOT_FOUND:
            return Unavailable(f"the server of model {model} does not have it")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Overloaded(f"the server of model {model} has as much work as it accepts")
        case _:
            return InternalError(f"model {model} failed with {code.name}")
