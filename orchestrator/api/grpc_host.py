"""The plain host: the services on one grpc.aio server, without Ray.

For tests, for debugging, and wherever one process is enough; `python -m orchestrator` starts it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from facegrid.v1.face_service_pb2_grpc import add_FaceServiceServicer_to_server
from facegrid.v1.generator_service_pb2_grpc import add_GeneratorServiceServicer_to_server
from orchestrator.api.call_adapter import CallAdapter
from orchestrator.api.face_service import FaceService
from orchestrator.api.key_interceptor import KeyInterceptor
from orchestrator.api.methods import SERVER_STREAMS, SERVICE_NAMES, STREAMS, UNARY
from orchestrator.keys.guard import CallMetadata, Guard
from orchestrator.observer import Metadata

_Context = grpc.aio.ServicerContext[object, object]


class CannotListen(RuntimeError):
    """The address is taken, or not one of this machine."""


class _GrpcContext:
    """grpc.aio's context as `orchestrator.api.call_adapter.CallContext`."""

    def __init__(self, context: _Context) -> None:
        self._context = context

    def metadata(self) -> CallMetadata:
        return self._context.invocation_metadata() or ()

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        self._context.set_trailing_metadata(tuple(metadata))

    async def fail(self, code: grpc.StatusCode, details: str, metadata: Metadata) -> None:
        # Not set_code: that sends headers before the status, and a client retries nothing whose headers have come.
        await self._context.abort(code, details, tuple(metadata))


class Servicer:
    """The methods of all services, each answered by the adapter.

    Args:
        calls: Answers them.
    """

    def __init__(self, calls: CallAdapter) -> None:
        self._calls = calls
        for name in UNARY:
            setattr(self, name, self._unary(name))
        for name in STREAMS:
            setattr(self, name, self._stream(name))
        for name in SERVER_STREAMS:
            setattr(self, name, self._server_stream(name))

    def _unary(self, name: str) -> Callable[[Any, _Context], Awaitable[Any]]:
        async def call(request: Any, context: _Context) -> Any:
            return await self._calls.unary(name, request, _GrpcContext(context), timeout_s=context.time_remaining())

        return call

    # grpc.aio takes a method for one of streams only if it is an asynchronous generator function itself.

    def _stream(self, name: str) -> Callable[[AsyncIterator[Any], _Context], AsyncIterator[Any]]:
        async def call(requests: AsyncIterator[Any], context: _Context) -> AsyncIterator[Any]:
            async with aclosing(self._calls.stream(name, requests, _GrpcContext(context))) as answers:
                async for answer in answers:
                    yield answer

        return call

    def _server_stream(self, name: str) -> Callable[[Any, _Context], AsyncIterator[Any]]:
        async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
            timeout_s = context.time_remaining()
            async with aclosing(
                self._calls.server_stream(name, request, _GrpcContext(context), timeout_s=timeout_s)
            ) as answers:
                async for answer in answers:
                    yield answer

        return call


class GrpcHost:
    """A server with the services of facegrid.v1, the standard health service and reflection.

    Args:
        service: What is served; started and closed with the host.
        address: HOST:PORT to listen on; port 0 takes a free one.
        guard: Asks for API keys; None: none are needed.
        credentials: For TLS; None: without TLS.
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
        """Starts the service and the server, and returns the port that it listens on.

        Raises:
            CannotListen: The address is taken, or not one of this machine.
        """
        server = grpc.aio.server(
            interceptors=[KeyInterceptor(self._guard)],
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # two services on one port would share its calls by chance
                # Bounds on calls that wait for the event loop. gRPC alone would let 3,000 wait, and a process that is
                # short of processor time would come to each just after its deadline. Calls beyond these numbers end
                # as CANCELLED, and so do those that have waited for a second, the least that can be set.
                ("grpc.server_max_unrequested_time_in_server", 1),
                ("grpc.server.max_pending_requests", 32),
                ("grpc.server.max_pending_requests_hard_limit", 64),
            ],
        )
        servicer = Servicer(CallAdapter(self._service))  # the interceptor has asked for keys
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
        except RuntimeError as err:  # its own message is about a variable of gRPC
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
