"""What every gRPC method has in common: counting, the deadline, and one mapping from errors to statuses."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.protobuf.message import Message

from model_server import texts
from model_server.errors import ServingError

if TYPE_CHECKING:
    MethodHandler = grpc.RpcMethodHandler

NO_DEADLINE_S = 10 * 365 * 86400.0
"""Beyond this there is no deadline: grpcio then gives the time to the end of its clock."""

_log = logging.getLogger(__name__)
_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response", bound=Message)


class CallCounter:
    """Counts the calls under way; `with counter:` around each."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_none(self, timeout_s: float) -> bool:
        """Returns whether no call was left within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, timeout_s)


def unary_method(
    answer: Callable[[_Request, float | None], _Response],
    request_type: type[_Request],
    response_type: type[_Response],
    counter: CallCounter,
) -> "MethodHandler[_Request, _Response]":
    """Returns the handler of a method.

    Args:
        answer: Gets the request and the seconds left to the caller's deadline, None without one.
        request_type: Message to parse.
        response_type: Message to send; an empty one goes with an error.
        counter: Counts the call.
    """

    def handle(request: _Request, context: grpc.ServicerContext) -> _Response:
        with counter:
            try:
                return answer(request, _time_left(context))
            except ServingError as error:
                context.set_code(error.code)
                context.set_details(error.wire_message)
            except Exception:  # noqa: BLE001 - the caller gets a status, never a traceback
                _log.exception("a call failed unexpectedly")
                context.set_code(grpc.StatusCode.INTERNAL)
                context.set_details("internal error; see the log of the model server")
        return response_type()

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=request_type.FromString,
        response_serializer=response_type.SerializeToString,
    )


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
