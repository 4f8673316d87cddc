"""Model servers on Ray Serve: one replica holds one server process; Ray places, watches, restarts and scales it.

Calls do not pass through the replica: orchestrators call the process itself (orchestrator/fleet/endpoints.py).
"""

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.serve.config import AutoscalingContext, AutoscalingPolicy

from orchestrator.deployments.scaling import quick_scaling
from orchestrator.fleet.autoscale import Autoscaler, ScalingRules
from orchestrator.fleet.fleet_server import FleetServer
from orchestrator.fleet.server_process import ServerPlace
from orchestrator.fleet.sizes import Pool
from orchestrator.fleet.store import RayStore
from orchestrator.settings import Settings
from orchestrator.telemetry.logs import log_with

_IN_FLIGHT, _QUEUE_S = "in_flight", "queue_s"


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Options of every model server of a fleet."""

    folder: Path
    """For sockets and configs, on each machine."""
    logs: Path
    one_machine: bool = True
    """Whether the whole fleet is on one machine: servers then listen on UNIX sockets."""
    cpus: float = 1.0
    """Share of processor cores that Ray sets aside for one server; 0 or more."""
    gpus: float = 0.0
    """Share of GPUs that Ray sets aside for one server."""
    log_format: str = Settings.log_format
    """As the orchestrators' own."""
    log_level: str = Settings.log_level


class ModelServerReplica:
    """One replica: a server process, and its records in the fleet's store.

    Args:
        pool: The networks that it serves.
        options: Where its files lie.
    """

    # Ray Serve awaits a constructor that is a coroutine, on the loop of the health checks.
    async def __init__(self, pool: Pool, options: ServerOptions) -> None:  # type: ignore[misc]
        log_with(logging.getLogger("ray.serve").handlers, options.log_format, options.log_level)
        for folder in (options.folder, options.logs):
            folder.mkdir(parents=True, exist_ok=True)
        name = f"{pool.name}_{serve.get_replica_context().replica_id.unique_id}"
        node = "127.0.0.1" if options.one_machine else ray.util.get_node_ip_address()
        place = ServerPlace(options.folder, options.logs, node)
        self._server = await FleetServer.start(name, pool.models, place, RayStore())

    async def __del__(self) -> None:
        if "_server" in vars(self):  # a constructor that failed has ended its process itself
            await self._server.stop()

    async def check_health(self) -> None:
        """Returns if the server is well; after three failures Ray Serve replaces the replica.

        Raises:
            FleetError: The server has ended, or does not answer.
        """
        self._server.require_healthy()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Returns the load by which `PoolPolicy` decides: that of all orchestrators, the same from every replica."""
        demand = await self._server.demand()
        return {_IN_FLIGHT: demand.in_flight, _QUEUE_S: demand.queue_s}


class PoolPolicy:
    """Decides the number of replicas for Ray Serve, by our own rules.

    Args:
        rules: Fields of `ScalingRules`.
    """

    def __init__(self, **rules: Any) -> None:
        self._autoscaler = Autoscaler(ScalingRules(**rules))

    def __call__(self, ctx: AutoscalingContext) -> tuple[int, dict[str, Any]]:
        """Returns the number of replicas, and an empty state: this object keeps the state."""
        wanted = self._autoscaler.decide(
            ctx.target_num_replicas,
            running=ctx.current_num_replicas,
            in_flight=_newest(ctx, _IN_FLIGHT),
            queue_s=_newest(ctx, _QUEUE_S),
            now_s=time.monotonic(),
        )
        return wanted, {}


def model_servers(pool: Pool, options: ServerOptions) -> serve.Application:
    """Returns the deployment of a pool."""
    return model_server_deployment.options(
        name=f"ModelServer_{pool.name}",
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        **_replicas(pool),
    ).bind(pool, options)


def _replicas(pool: Pool) -> dict[str, Any]:
    if not pool.size.scales:
        return {"num_replicas": pool.size.low}
    rules = ScalingRules(least=pool.size.low, most=pool.size.high)
    policy = AutoscalingPolicy(policy_function=PoolPolicy, policy_kwargs=asdict(rules))
    # Our rules have delays; Ray Serve's own would be added to them.
    config = quick_scaling(pool.size, upscale_delay_s=0, downscale_delay_s=0, policy=policy)
    return {"num_replicas": None, "autoscaling_config": config}


def _newest(ctx: AutoscalingContext, name: str) -> float:
    """Returns the value that was reported last, by any replica."""
    series = (ctx.raw_metrics or {}).get(name, {}).values()
    points = [(one[-1].timestamp, one[-1].value) for one in series if one]
    return float(max(points)[1]) if points else 0.0


model_server_deployment = serve.deployment(
    ModelServerReplica,
    max_surge_percent=0,
    health_check_period_s=1,
    health_check_timeout_s=10,
    graceful_shutdown_timeout_s=60,  # longer than a server takes to end
    graceful_shutdown_wait_loop_s=0.2,
)
"""The deployment, before it is given a pool."""
