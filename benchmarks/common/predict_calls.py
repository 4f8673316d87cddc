"""Requests of a model server, and calls that send the same bytes again and again."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from numpy.typing import NDArray

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from orchestrator.predict.servers.tensors import encode_tensor

PREDICT = "PredictionService/Predict"

SameCall = Callable[[], object]
"""Sends the same request each time, and returns when it is answered."""

_TIMEOUT_S = 60.0


def predict_request(model: str, inputs: Mapping[str, NDArray[Any]], *, version: int | None = None) -> PredictRequest:
    """Returns a request for the default signature, as the orchestrator makes it.

    Args:
        model: Its name.
        inputs: Arrays by the names of the signature.
        version: The version; None: the latest one.
    """
    request = PredictRequest(model_spec={"name": model})
    if version is not None:
        request.model_spec.version.value = version
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(encode_tensor(array))
    return request


def same_call(channel: grpc.Channel, method: str, request: bytes) -> SameCall:
    """Returns a call that leaves the answer unread.

    Args:
        channel: To a model server.
        method: SERVICE/METHOD of the package `tensorflow.serving`.
        request: The message.
    """
    send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/tensorflow.serving.{method}")
    return lambda: send(request, timeout=_TIMEOUT_S)
