"""The services on Ray Serve: the deployment that every gRPC call of a client reaches.

Ray Serve calls the method with the RPC's name, whatever the service. It turns an exception into a status with the
whole traceback as details, so a call that fails sets code and details in the context instead, and gRPC sends the
empty answer before the status. Ray does not pass on the caller's deadline; requests carry their own budget.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from ray import serve
from ray.serve.grpc_util import RayServegRPCContext, gRPCInputStream
from ray.serve.handle import DeploymentHandle

from exporters.signatures import CONTRACTS
from orchestrator.api.build import build_on
from orchestrator.api.call_adapter import CallAdapter
from orchestrator.api.methods import SERVER_STREAMS, SERVICE_NAMES, STREAMS, UNARY
from orchestrator.deployments.model_server import ServerOptions, model_servers
from orchestrator.deployments.scaling import quick_scaling
from orchestrator.fleet.endpoints import RayEndpoints
from orchestrator.fleet.orchestrator_heartbeat import OrchestratorHeartbeat
from orchestrator.fleet.sizes import Pool, Size
from orchestrator.fleet.store import RayStore
from orchestrator.keys.guard import CallMetadata, open_guard
from orchestrator.observer import Metadata
from orchestrator.predict.servers.endpoints import source_of
from orchestrator.settings import RAY, Settings, overridden
from orchestrator.telemetry.logs import log_with

MAX_ONGOING_REQUESTS = 512
"""Calls that a replica takes at a time; a stream is one for as long as it lasts. It is high so that our own admission
refuses first: for calls in Ray's queue it is unknown how long they have waited, or can wait."""
TARGET_ONGOING_REQUESTS = 4
"""Calls that each replica is meant to have where the number of replicas follows the load. This is half of the
pictures that one looks at at a time; the other half is for calls that come while another replica starts."""
MAX_QUEUED_REQUESTS = 128
"""Calls that wait for a replica; the next one is answered RESOURCE_EXHAUSTED at once."""

_SERVICES = ("", *SERVICE_NAMES)


class FaceIngress:
    """One replica: the service, and the standard health service.

    `Check` and `Watch` are written here, since those of grpcio-health-checking call what Ray's context lacks (`abort`,
    `write`, `add_callback`).

    Args:
        settings: Limits, times, and where the model servers are.
        _servers: Model servers that Ray runs, named so that Ray deploys them. They may start later, and calls reach
            them without Ray.
    """

    # Ray Serve awaits a constructor that is a coroutine, on the loop that the calls run on.
    async def __init__(self, settings: Settings, *_servers: DeploymentHandle) -> None:  # type: ignore[misc]
        self._opened = AsyncExitStack()  # first: Ray also closes a replica whose constructor failed
        log_with(logging.getLogger("ray.serve").handlers, settings.log_format, settings.log_level)
        guard = open_guard(settings.api_keys_file)
        store = RayStore()
        on_ray = settings.model_servers == RAY
        source = RayEndpoints(frozenset(CONTRACTS), store) if on_ray else source_of(settings.targets())
        built = build_on(source, settings)
        self.calls = CallAdapter(built.service, guard)
        if on_ray:
            name = serve.get_replica_context().replica_id.unique_id
            member = OrchestratorHeartbeat(name, built.versioned, built.versions, built.balanced.queue_s, store)
            self._opened.push_async_callback(member.close)
            await member.start()  # before the first call, which is to follow the plan
        self._opened.push_async_callback(built.service.close)
        await built.service.start()

    async def __del__(self) -> None:
        await self._opened.aclose()

    async def Check(self, request: HealthCheckRequest, grpc_context: RayServegRPCContext) -> HealthCheckResponse:  # noqa: N802
        """Answers grpc.health.v1.Health/Check for the server as a whole, or a service."""
        if request.service not in _SERVICES:
            grpc_context.set_code(grpc.StatusCode.NOT_FOUND)
            grpc_context.set_details(f"unknown service {request.service!r}")
        return HealthCheckResponse(status=HealthCheckResponse.SERVING)

    async def Watch(self, request: HealthCheckRequest) -> AsyncIterator[HealthCheckResponse]:  # noqa: N802
        """Answers grpc.health.v1.Health/Watch: the status now, then nothing until the replica ends."""
        known = request.service in _SERVICES
        status = HealthCheckResponse.SERVING if known else HealthCheckResponse.SERVICE_UNKNOWN
        yield HealthCheckResponse(status=status)
        await asyncio.Event().wait()  # until the caller or the replica goes away

    async def check_health(self) -> None:
        """Returns as long as the event loop runs; Ray Serve replaces a replica that does not answer.

        Missing model servers do not count: a new replica would not find them either.
        """


class StreamFailed(Exception):
    """Ends a stream whose context has the status."""


class _RayContext:
    """Ray's context as `orchestrator.api.call_adapter.CallContext`.

    Args:
        context: Ray's.
        stream: Whether the call is a stream. Ray's Python proxy takes the status of a stream only from one that raises:
            else a failure would look like success.
    """

    def __init__(self, context: RayServegRPCContext, *, stream: bool = False) -> None:
        self._context = context
        self._stream = stream

    def metadata(self) -> CallMetadata:
        found: CallMetadata = self._context.invocation_metadata()
        return found

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        self._context.set_trailing_metadata(list(metadata))

    async def fail(self, code: grpc.StatusCode, details: str, metadata: Metadata) -> None:
        self._context.set_code(code)
        self._context.set_details(details)
        self._context.set_trailing_metadata(list(metadata))
        if self._stream:
            raise StreamFailed from None


def _unary(name: str) -> Callable[..., Awaitable[Any]]:
    """Returns the method of `FaceIngress` for a unary call."""

    async def call(self: FaceIngress, request: Any, grpc_context: RayServegRPCContext) -> Any:
        return await self.calls.unary(name, request, _RayContext(grpc_context))

    return call


def _stream(name: str) -> Callable[..., AsyncIterator[Any]]:
    """Returns the method of `FaceIngress` for a call of many requests and many responses."""

    async def call(
        self: FaceIngress, requests: gRPCInputStream, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Any]:
        async with aclosing(self.calls.stream(name, requests, _RayContext(grpc_context, stream=True))) as answers:
            async for answer in answers:
                yield answer

    return call


def _server_stream(name: str) -> Callable[..., AsyncIterator[Any]]:
    """Returns the method of `FaceIngress` for a call of one request and many responses."""

    async def call(self: FaceIngress, request: Any, grpc_context: RayServegRPCContext) -> AsyncIterator[Any]:
        async with aclosing(self.calls.server_stream(name, request, _RayContext(grpc_context, stream=True))) as answers:
            async for answer in answers:
                yield answer

    return call


for _name in UNARY:
    setattr(FaceIngress, _name, _unary(_name))
for _name in STREAMS:
    setattr(FaceIngress, _name, _stream(_name))
for _name in SERVER_STREAMS:
    setattr(FaceIngress, _name, _server_stream(_name))


def build_application(
    orchestrators: Size, pools: Sequence[Pool] = (), servers: ServerOptions | None = None
) -> serve.Application:
    """Returns what the serve host deploys, with the settings of its environment.

    Args:
        orchestrators: Number of replicas of FaceService.
        pools: Model servers that Ray runs; none where they are elsewhere.
        servers: What those are given.

    Raises:
        SettingsError: A variable holds a value that cannot be used.
    """
    settings = Settings.from_environment()
    of_pools = []
    if servers is not None:
        servers = replace(servers, log_format=settings.log_format, log_level=settings.log_level)
        of_pools = [model_servers(pool, servers) for pool in pools]
    return face_deployment.options(**_replicas(orchestrators)).bind(settings, *of_pools)


def _replicas(size: Size) -> dict[str, Any]:
    if not size.scales:
        return {"num_replicas": size.low}
    config = quick_scaling(
        size, target_ongoing_requests=TARGET_ONGOING_REQUESTS, upscale_delay_s=0.5, downscale_delay_s=30.0
    )
    return {"num_replicas": None, "autoscaling_config": config}


def application(args: dict[str, Any]) -> serve.Application:
    """Returns what a configuration of Ray Serve deploys: the `import_path` of k8s/base/orchestrator/rayservice.yaml.

    Args:
        args: Settings by their names, such as `timeout_s`; they win over the environment.

    Raises:
        SettingsError: There is no such setting, or its value cannot be used.
    """
    return face_deployment.bind(Settings.from_environment(overridden(os.environ, args)))


face_deployment = serve.deployment(
    FaceIngress,
    name="FaceService",
    max_ongoing_requests=MAX_ONGOING_REQUESTS,
    max_queued_requests=MAX_QUEUED_REQUESTS,
    max_surge_percent=100,  # a new replica answers before the old one stops
    health_check_period_s=2,
    health_check_timeout_s=10,
    graceful_shutdown_timeout_s=35,  # longer than the default budget of a request
    graceful_shutdown_wait_loop_s=0.5,
    # Ray only counts: the work is done by threads and model servers.
    ray_actor_options={"num_cpus": 0.5},
)
"""The deployment, for the serve host and for a cluster's configuration."""
