"""The services as Ray's gRPC server registers them: a unary call that fails ends with its status alone.

Ray sets the status of a failed call and returns an empty answer. gRPC sends that as an empty message before the status,
and a bridge from HTTP takes it for an answer. Here such a call is aborted, as the plain host does.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from facegrid.v1 import face_service_pb2_grpc, generator_service_pb2_grpc

if TYPE_CHECKING:
    from ray.serve._private.grpc_util import gRPCGenericServer

_Handler = Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[bytes]]


def add_face_service(servicer: Any, server: "gRPCGenericServer") -> None:
    """Registers facegrid.v1.FaceService; named in the configuration of Ray Serve."""
    with_status_alone(server)
    face_service_pb2_grpc.add_FaceServiceServicer_to_server(servicer, server)


def add_generator_service(servicer: Any, server: "gRPCGenericServer") -> None:
    """Registers facegrid.v1.GeneratorService; named in the configuration of Ray Serve."""
    with_status_alone(server)
    generator_service_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)


def with_status_alone(server: "gRPCGenericServer") -> None:
    """Has the unary handlers that the server makes from now on abort calls that fail. Doing it again does nothing."""
    make = server.service_handler_factory
    if getattr(make, "status_alone", False):
        return

    def factory(**kind: Any) -> Any:
        handler = make(**kind)
        return _aborting(handler) if kind["streaming_type"].value == "unary_unary" else handler

    factory.status_alone = True  # type: ignore[attr-defined]
    server.service_handler_factory = factory


def _aborting(handler: _Handler) -> _Handler:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        answer = await handler(request, context)
        if code := context.code():  # a number, and 0 is OK
            await context.abort(code, context.details(), context.trailing_metadata() or ())
        return answer

    return call
