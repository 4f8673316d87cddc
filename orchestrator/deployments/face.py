"""The services on Ray Serve: the deployment that every gRPC call of a client reaches.

Ray Serve calls the method that bears the RPC's name, whatever the service, and turns an exception
into a status with its whole traceback as details. So no exception leaves a method here: the
context is given code and details, and Ray drops the empty answer that is returned with them. Ray does
not pass the caller's deadline on either; requests carry their own budget.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from ray import serve
from ray.serve.grpc_util import RayServegRPCContext, gRPCInputStream
from ray.serve.handle import DeploymentHandle

from exporters.signatures import CONTRACTS
from orchestrator.api.build import build_on
from orchestrator.api.methods import SERVER_STREAMS, SERVICE_NAMES, STREAMS, UNARY, response_type
from orchestrator.api.origin import REQUEST_ID, origin_of
from orchestrator.api.status import public, status_code, status_details, status_metadata
from orchestrator.deployments.model_server import ServerOptions, model_servers
from orchestrator.deployments.scaling import quick_scaling
from orchestrator.fleet.endpoints import RayEndpoints
from orchestrator.fleet.orchestrator_heartbeat import OrchestratorHeartbeat
from orchestrator.fleet.sizes import Pool, Size
from orchestrator.fleet.store import RayStore
from orchestrator.keys.guard import open_guard
from orchestrator.observer import Origin
from orchestrator.predict.servers.endpoints import source_of
from orchestrator.priority import Priority, asked_priority
from orchestrator.settings import RAY, Settings, overridden
from orchestrator.telemetry.logs import log_with

MAX_ONGOING_REQUESTS = 512
"""Calls that a replica takes at a time; a stream is one for as long as it lasts. So many that it is our own admission
that refuses: of those that wait in Ray's queue nobody knows how long they have waited, or can wait."""
TARGET_ONGOING_REQUESTS = 4
"""Calls that one replica is meant to have where their number follows the load: half of the pictures it looks at at
a time, the rest is for what comes while another starts."""
MAX_QUEUED_REQUESTS = 128
"""Calls that wait for a replica; the next one is answered RESOURCE_EXHAUSTED at once."""

_SERVICES = ("", *SERVICE_NAMES)


class CallFailed(Exception):
    """Ends a stream whose status says why; of no interest by itself."""


class FaceIngress:
    """One replica: the service, and the standard health service about it.

    Args:
        settings: Limits, times, and where the model servers are.
        _servers: Those that Ray runs beside it; they need not be there first, and no call goes through Ray.
    """

    # Ray Serve awaits a constructor that is a coroutine, on the loop that the calls run on.
    async def __init__(self, settings: Settings, *_servers: DeploymentHandle) -> None:  # type: ignore[misc]
        self._opened = AsyncExitStack()  # first: Ray has a replica closed whose constructor failed, too
        log_with(logging.getLogger("ray.serve").handlers, settings.log_format, settings.log_level)
        self.guard = open_guard(settings.api_keys_file)
        store = RayStore()
        on_ray = settings.model_servers == RAY
        source = RayEndpoints(frozenset(CONTRACTS), store) if on_ray else source_of(settings.targets())
        built = build_on(source, settings)
        self.service = built.service
        if on_ray:
            name = serve.get_replica_context().replica_id.unique_id
            member = OrchestratorHeartbeat(name, built.versioned, built.versions, built.balanced.queue_s, store)
            self._opened.push_async_callback(member.close)
            await member.start()  # before the first call, which is to follow the plan
        self._opened.push_async_callback(self.service.close)
        await self.service.start()

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
        """Tells Ray Serve that the event loop still turns; it replaces a replica that does not say so.

        Absent model servers are not the replica's fault, and a new replica would not find them either.
        """


def _unary(name: str) -> Callable[..., Awaitable[Any]]:
    """Returns the method of `FaceIngress` for a unary call."""

    async def call(self: FaceIngress, request: Any, grpc_context: RayServegRPCContext) -> Any:
        with _errors_to_status(grpc_context):
            self.guard.admit(name, grpc_context.invocation_metadata())
            priority = asked_priority(grpc_context.invocation_metadata(), Priority.INTERACTIVE)
            return await self.service.call(name, request, priority=priority, origin=_origin(grpc_context))
        return response_type(name)()

    return call


def _stream(name: str) -> Callable[..., AsyncIterator[Any]]:
    """Returns the method of `FaceIngress` for a streaming call."""

    async def call(
        self: FaceIngress, requests: gRPCInputStream, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Any]:
        def begin() -> AsyncGenerator[Any, None]:
            admission = self.guard.admit(name, grpc_context.invocation_metadata())
            priority = asked_priority(grpc_context.invocation_metadata(), Priority.BULK)
            origin = _origin(grpc_context)
            return self.service.stream(name, admission.requests(requests), priority=priority, origin=origin)

        async with _answers(begin, grpc_context) as answers:
            async for answer in answers:
                yield answer

    return call


def _server_stream(name: str) -> Callable[..., AsyncIterator[Any]]:
    """Returns the method of `FaceIngress` for a call of one request and many responses."""

    async def call(self: FaceIngress, request: Any, grpc_context: RayServegRPCContext) -> AsyncIterator[Any]:
        def begin() -> AsyncGenerator[Any, None]:
            self.guard.admit(name, grpc_context.invocation_metadata())
            priority = asked_priority(grpc_context.invocation_metadata(), Priority.BULK)
            return self.service.server_stream(name, request, priority=priority, origin=_origin(grpc_context))

        async with _answers(begin, grpc_context) as answers:
            async for answer in answers:
                yield answer

    return call


for _name in UNARY:
    setattr(FaceIngress, _name, _unary(_name))
for _name in STREAMS:
    setattr(FaceIngress, _name, _stream(_name))
for _name in SERVER_STREAMS:
    setattr(FaceIngress, _name, _server_stream(_name))


@asynccontextmanager
async def _answers(
    begin: Callable[[], AsyncGenerator[Any, None]], grpc_context: Any
) -> AsyncIterator[AsyncGenerator[Any, None]]:
    """Gives the answers of the stream that `begin` returns; an error of either becomes the call's status."""
    # Ray's Python proxy takes the status of a stream only from one that fails: else this would look like success.
    with _errors_to_status(grpc_context, reraise=True):
        # A call that is cancelled stops here, and must stop its work at once, not when it is collected.
        async with aclosing(begin()) as answers:
            yield answers


@contextmanager
def _errors_to_status(grpc_context: Any, *, reraise: bool = False) -> Iterator[None]:
    """Puts what is raised within into the call's status."""
    try:
        yield
    except Exception as err:  # noqa: BLE001 - of a fault of ours the caller gets an id, and the log the rest
        error = public(err)
    else:
        return
    grpc_context.set_code(status_code(error))
    grpc_context.set_details(status_details(error))
    grpc_context.set_trailing_metadata([*grpc_context.trailing_metadata(), *status_metadata(error)])
    if reraise:
        raise CallFailed


def _origin(grpc_context: Any) -> Origin:
    """Returns where a call comes from, and has its answer say the request's id, which Ray drops if a stream fails."""
    origin = origin_of(grpc_context.invocation_metadata())
    grpc_context.set_trailing_metadata([(REQUEST_ID, origin.request_id)])
    return origin


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
