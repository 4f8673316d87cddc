"""Between gRPC and the service, for every host: API keys, priority, origin, and errors as gRPC status.

Both hosts run the code of this file: the plain one (grpc_host.py) and Ray Serve's (orchestrator/deployments/face.py).
What differs between them is in three methods, `CallContext`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Protocol

import grpc

from facegrid.errors import FacegridError
from orchestrator.api.face_service import FaceService
from orchestrator.api.methods import response_type
from orchestrator.api.origin import REQUEST_ID, origin_of
from orchestrator.api.status import public, status_code, status_details, status_metadata
from orchestrator.keys.guard import AdmittedCall, CallMetadata, Guard
from orchestrator.observer import Metadata, Origin
from orchestrator.priority import Priority, asked_priority


class CallContext(Protocol):
    """What a host does for the adapter."""

    def metadata(self) -> CallMetadata:
        """Returns the metadata that the caller sent."""

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """Has these metadata sent after the answer."""

    async def fail(self, code: grpc.StatusCode, details: str, metadata: Metadata) -> None:
        """Ends the call with a status and metadata; may raise, where that is how the host ends a call."""


class CallAdapter:
    """Answers the calls of a host.

    Args:
        service: Does the work.
        guard: Asks for API keys; None: they were asked for before, or are not needed.
    """

    def __init__(self, service: FaceService, guard: Guard | None = None) -> None:
        self._service = service
        self._guard = guard

    async def unary(self, name: str, request: Any, context: CallContext, *, timeout_s: float | None = None) -> Any:
        """Returns the answer of a unary call; of one that fails, an empty answer, after `CallContext.fail`.

        Args:
            name: A name in `orchestrator.api.methods.UNARY`.
            request: The call's message.
            context: Of the call.
            timeout_s: Time that the transport allows, if the host knows.
        """
        call = _IncomingCall(context)
        try:
            self._admit(name, call)
            priority, origin = call.priority(Priority.INTERACTIVE), call.origin()
            return await self._service.call(name, request, timeout_s=timeout_s, priority=priority, origin=origin)
        except Exception as err:  # noqa: BLE001 - of a fault of ours the caller gets an id, and the log the rest
            await call.fail(public(err))
        return response_type(name)()

    def stream(self, name: str, requests: AsyncIterator[Any], context: CallContext) -> AsyncGenerator[Any, None]:
        """Yields the answers of a method of many requests and many responses, or fails the call.

        Args:
            name: A name in `orchestrator.api.methods.STREAMS`.
            requests: The call's messages.
            context: Of the call.
        """

        def begin(call: _IncomingCall) -> AsyncGenerator[Any, None]:
            admitted = self._admit(name, call)
            priority, origin = call.priority(Priority.BULK), call.origin()
            counted = admitted.requests(requests) if admitted else requests
            return self._service.stream(name, counted, priority=priority, origin=origin)

        return self._answers(begin, context)

    def server_stream(
        self, name: str, request: Any, context: CallContext, *, timeout_s: float | None = None
    ) -> AsyncGenerator[Any, None]:
        """Yields the answers of a method of one request and many responses, or fails the call.

        Args:
            name: A name in `orchestrator.api.methods.SERVER_STREAMS`.
            request: The call's message.
            context: Of the call.
            timeout_s: Time that the transport allows, if the host knows.
        """

        def begin(call: _IncomingCall) -> AsyncGenerator[Any, None]:
            self._admit(name, call)
            priority, origin = call.priority(Priority.BULK), call.origin()
            return self._service.server_stream(name, request, timeout_s=timeout_s, priority=priority, origin=origin)

        return self._answers(begin, context)

    def _admit(self, name: str, call: "_IncomingCall") -> AdmittedCall | None:
        return self._guard.admit(name, call.metadata) if self._guard else None

    async def _answers(
        self, begin: "Callable[[_IncomingCall], AsyncGenerator[Any, None]]", context: CallContext
    ) -> AsyncGenerator[Any, None]:
        call = _IncomingCall(context)
        try:
            # A call that is cancelled stops here, and must stop its work at once, not when it is collected.
            async with aclosing(begin(call)) as answers:
                async for answer in answers:
                    yield answer
        except Exception as err:  # noqa: BLE001 - as in `unary`
            await call.fail(public(err))


class _IncomingCall:
    """What the metadata of one call say, and its end where it fails."""

    def __init__(self, context: CallContext) -> None:
        self._context = context
        self._trailing: Metadata = ()
        self.metadata = context.metadata()

    def priority(self, default: Priority) -> Priority:
        """Returns the priority that the caller asks for."""
        return asked_priority(self.metadata, default)

    def origin(self) -> Origin:
        """Returns where the call comes from, and has its answer repeat the request's id."""
        origin = origin_of(self.metadata)
        self._trailing = ((REQUEST_ID, origin.request_id),)
        self._context.set_trailing_metadata(self._trailing)
        return origin

    async def fail(self, error: FacegridError) -> None:
        """Ends the call with an error."""
        metadata = (*self._trailing, *status_metadata(error))
        await self._context.fail(status_code(error), status_details(error), metadata)
