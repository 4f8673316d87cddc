"""The standard health call (grpc.health.v1.Health/Check), without the package that defines its messages.

Both messages have a single field, number 1, so two well-known wrappers are equal to them on the wire:
StringValue to HealthCheckRequest{service}, Int32Value to HealthCheckResponse{status}.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from facegrid.answers.faces import Health

if TYPE_CHECKING:
    import grpc
    import grpc.aio

METHOD = "/grpc.health.v1.Health/Check"
REQUEST = StringValue()
"""An empty service name asks for the server as a whole."""


def request(service: str) -> StringValue:
    """Returns the request about a service, such as facegrid.v1.FaceService."""
    return StringValue(value=service)


serialize_request = StringValue.SerializeToString
_STATUSES = (Health.UNKNOWN, Health.SERVING, Health.NOT_SERVING, Health.SERVICE_UNKNOWN)


def check_method(channel: "grpc.Channel | grpc.aio.Channel") -> Callable[..., Any]:
    """Returns the method that takes a request and returns a `Health`; over a channel of asyncio, an awaitable of it."""
    method: Callable[..., Any] = channel.unary_unary(
        METHOD, request_serializer=serialize_request, response_deserializer=parse_response
    )
    return method


def parse_response(data: bytes) -> Health:
    """Returns the status in a HealthCheckResponse; an unknown status is UNKNOWN."""
    number = Int32Value.FromString(data).value
    return _STATUSES[number] if 0 <= number < len(_STATUSES) else Health.UNKNOWN
