"""The plain host: the services on one grpc.aio server, without Ray.

For tests, for debugging, and wherever one process is enough; `python -m orchestrator` starts it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from facegrid.errors import FacegridError
from facegrid.v1.face_service_pb2_grpc import add_FaceServiceServicer_to_server
from facegrid.v1.generator_service_pb2_grpc import add_GeneratorServiceServicer_to_server
from orchestrator.api.face_service import FaceService
from orchestrator.api.key_interceptor import KeyInterceptor
from orchestrator.api.methods import SERVER_STREAMS, SERVICE_NAMES, STREAMS, UNARY
from orchestrator.api.origin import REQUEST_ID, origin_of
from orchestrator.api.status import status_code, status_details, status_metadata
from orchestrator.keys.guard import Guard
from orchestrator.observer import Origin
from orchestrator.priority import Priority, asked_priority

_Context = grpc.aio.ServicerContext[object, object]


class CannotListen(RuntimeError):
    """The address is taken, or not one of this machine."""


class Servicer:
    """Hands calls of gRPC to the service, and its errors back as status; has the methods of all services."""

    def __init__(self, service: FaceService) -> None:
        self._service = service
        for name in UNARY:
            setattr(self, name, self._unary(name))
        for name in STREAMS:
            setattr(self, name, self._stream(name))
        for name in SERVER_STREAMS:
            setattr(self, name, self._server_stream(name))

    def _unary(self, name: str) -> Callable[[Any, _Context], Awaitable[Any]]:
        async def call(request: Any, context: _Context) -> Any:
            origin = _origin(context)
            try:
                return await self._service.call(
                    name,
                    request,
                    timeout_s=context.time_remaining(),
                    priority=asked_priority(context.invocation_metadata(), Priority.INTERACTIVE),
                    origin=origin,
                )
            except FacegridError as err:
                return await context.abort(status_code(err), status_details(err), _trailing(err, context))

        return call

    def _stream(self, name: str) -> Callable[[AsyncIterator[Any], _Context], AsyncIterator[Any]]:
        async def call(requests: AsyncIterator[Any], context: _Context) -> AsyncIterator[Any]:
            priority = asked_priority(context.invocation_metadata(), Priority.BULK)
            answers = self._service.stream(name, requests, priority=priority, origin=_origin(context))
            async with _answers(answers, context) as responses:
                async for response in responses:
                    yield response

        return call

    def _server_stream(self, name: str) -> Callable[[Any, _Context], AsyncIterator[Any]]:
        async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
            origin, timeout_s = _origin(context), context.time_remaining()
            priority = asked_priority(context.invocation_metadata(), Priority.BULK)
            answers = self._service.server_stream(name, request, timeout_s=timeout_s, priority=priority, origin=origin)
            async with _answers(answers, context) as responses:
                async for response in responses:
                    yield response

        return call


@asynccontextmanager
async def _answers(answers: AsyncGenerator[Any, None], context: _Context) -> AsyncIterator[AsyncGenerator[Any, None]]:
    """Gives the answers of a stream; an error of the block becomes the call's status."""
    try:
        # A call that is cancelled stops here, and must stop its work at once, not when it is collected.
        async with aclosing(answers):
            yield answers
    except FacegridError as err:
        await context.abort(status_code(err), status_details(err), _trailing(err, context))


def _trailing(error: FacegridError, context: _Context) -> tuple[Any, ...]:
    """Returns the trailing metadata of an error beside those that were set before, which `abort` would drop."""
    return (*(context.trailing_metadata() or ()), *status_metadata(error))


def _origin(context: _Context) -> Origin:
    """Returns where a call comes from, and has its answer say the request's id."""
    origin = origin_of(context.invocation_metadata())
    context.set_trailing_metadata(((REQUEST_ID, origin.request_id),))
    return origin


class GrpcHost:
    """A server with the services of facegrid.v1, the standard health service and reflection.

    Args:
        service: What is served; started and closed with the host.
        address: HOST:PORT to listen on; port 0 takes a free one.
        guard: Asks callers for their keys; None: nobody is asked.
        credentials: With which TLS is spoken; None: it is not.
    """

    def __init__(
        self,
        service: FaceService,
        address: str,
        *,
        guard: Guard | None = None,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._service = service
        self._address = address
        self._guard = guard or Guard(None)
        self._credentials = credentials
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """Returns the port that is listened on.

        Raises:
            CannotListen: The address is taken, or not one of this machine.
        """
        server = grpc.aio.server(
            interceptors=[KeyInterceptor(self._guard)],
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # two services on one port would share its calls by chance
                # Calls that the event loop has not got round to. gRPC alone would let 3,000 wait here, and a process
                # that is short of processor time would come to each just after its deadline. Those beyond these
                # numbers, and those that have waited for a second (the least that can be set), end as CANCELLED.
                ("grpc.server_max_unrequested_time_in_server", 1),
                ("grpc.server.max_pending_requests", 32),
                ("grpc.server.max_pending_requests_hard_limit", 64),
            ],
        )
        servicer = Servicer(self._service)
        add_FaceServiceServicer_to_server(servicer, server)
        add_GeneratorServiceServicer_to_server(servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        port = self._listen(server)
        await self._service.start()
        await server.start()
        self._server = server
        for name in ("", *SERVICE_NAMES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    def _listen(self, server: grpc.aio.Server) -> int:
        try:
            if self._credentials is None:
                return server.add_insecure_port(self._address)
            return server.add_secure_port(self._address, self._credentials)
        except RuntimeError as err:  # whose message tells of a variable of gRPC
            raise CannotListen(f"cannot listen on {self._address}: it is taken, or not of this machine") from err

    async def close(self, *, grace_s: float = 10.0) -> None:
        """Refuses new calls, gives those under way `grace_s` seconds, and closes the service."""
        await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(grace_s)
        await self._service.close()

    async def wait(self) -> None:
        """Returns when the server has stopped."""
        if self._server is not None:
            await self._server.wait_for_termination()
