"""Asks for API keys on the plain host, before a message of the call is received, let alone decoded.

Ray Serve offers no such place; there `orchestrator.api.call_adapter` asks, once the first message is there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

from facegrid.errors import FacegridError
from orchestrator.api.status import public, status_code, status_details, status_metadata
from orchestrator.keys.guard import AdmittedCall, Guard

if TYPE_CHECKING:  # generic for type checkers alone
    _Context = grpc.aio.ServicerContext[Any, Any]
    _Handler = grpc.RpcMethodHandler[Any, Any]

_OPEN_PACKAGES = ("grpc.health.", "grpc.reflection.")
"""Services that need no key: probes and tools have none, and these answers are about no person."""


class KeyInterceptor(grpc.aio.ServerInterceptor):
    """Admits calls by their keys, but those of health and reflection, which need none.

    Args:
        guard: Decides which calls are admitted.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """Returns what answers the call: its method, or the refusal."""
        path = str(handler_call_details.method).removeprefix("/")
        handler = await continuation(handler_call_details)
        if handler is None or path.startswith(_OPEN_PACKAGES):
            return handler
        try:
            metadata: Any = handler_call_details.invocation_metadata or ()
            admitted = self._guard.admit(path.rpartition("/")[2], metadata)
        except FacegridError as err:
            return _refusal(public(err))
        return _with_counted_requests(handler, admitted) if handler.stream_stream else handler


def _refusal(error: FacegridError) -> "_Handler":
    async def refuse(_requests: AsyncIterator[Any], context: "_Context") -> None:
        await context.abort(status_code(error), status_details(error), status_metadata(error))

    # For every kind of method: only a handler of streams is started before a message has come.
    return grpc.stream_stream_rpc_method_handler(refuse)


def _with_counted_requests(handler: "_Handler", admitted: AdmittedCall) -> "_Handler":
    answer: Any = handler.stream_stream

    async def call(requests: AsyncIterator[Any], context: "_Context") -> AsyncIterator[Any]:
        # A call that is cancelled must stop its work at once, not when it is collected.
        async with aclosing(answer(admitted.requests(requests), context)) as responses:
            async for response in responses:
                yield response

    return grpc.stream_stream_rpc_method_handler(
        call,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )
