"""The common part of every gRPC method: drain, deadline, metrics, and the mapping from errors to statuses."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.protobuf.message import Message

from model_server.errors import ServingError
from model_server.grpc.drain import CallGate
from model_server.methods import texts

if TYPE_CHECKING:
    MethodHandler = grpc.RpcMethodHandler

NO_DEADLINE_S = 10 * 365 * 86400.0
"""A longer time means that there is no deadline: grpcio then returns the time to the end of its clock."""

_log = logging.getLogger(__name__)
_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response", bound=Message)


def unary_method(
    answer: Callable[[_Request, float | None], _Response],
    request_type: type[_Request],
    response_type: type[_Response],
    gate: CallGate,
    record: Callable[[_Request, grpc.StatusCode, float], None] | None = None,
) -> "MethodHandler[_Request, _Response]":
    """Returns the handler of a method.

    Args:
        answer: Gets the request and the seconds left to the caller's deadline, None without one.
        request_type: Message to parse.
        response_type: Message to send; an empty one accompanies an error.
        gate: Counts the call, or refuses it while the server stops.
        record: Gets the request, the status of the response, and the seconds it took.
    """

    def handle(request: _Request, context: grpc.ServicerContext) -> _Response:
        started_s = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            gate.enter(context)
            response = answer(request, _time_left(context))
        except ServingError as error:
            code = _refuse(context, error)
            response = response_type()
        except Exception:  # noqa: BLE001 - the caller gets a status, never a traceback
            _log.exception("a call failed unexpectedly")
            code = _refuse(context, texts.internal_error())
            response = response_type()
        if record is not None:
            record(request, code, time.perf_counter() - started_s)
        return response

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=request_type.FromString,
        response_serializer=response_type.SerializeToString,
    )


def _refuse(context: grpc.ServicerContext, error: ServingError) -> grpc.StatusCode:
    context.set_code(error.code)
    context.set_details(error.wire_message)
    return error.code


def _time_left(context: grpc.ServicerContext) -> float | None:
    """Returns the seconds left to the caller's deadline, None without one.

    Raises:
        ServingError: None are left.
    """
    timeout_s = context.time_remaining()
    if timeout_s is None or timeout_s > NO_DEADLINE_S:
        return None
    if timeout_s <= 0:
        raise texts.deadline_passed()
    return timeout_s
