"""The model servers on Ray for the serve host: what to deploy, what runs, and changes of version."""

import argparse
import asyncio
import json
import math
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app.rollout import Rollout
from orchestrator.atomic_file import replace_file
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.membership import Membership
from orchestrator.fleet.model_config import model_names, read_model_config
from orchestrator.fleet.rollout_plan import PLAN, RolloutPlan, initial_plan
from orchestrator.fleet.sizes import Pool, Size, parse_pools
from orchestrator.fleet.store import RayStore, StoreUnavailable

_LOOK_S = 2.0
_BEGAN_WITH_FILE = "versions.json"
"""The versions at `up`, so that a restart by the supervisor takes up no version that was exported since."""


class ServeFleet:
    """The fleet of model servers; without `--servers` it is empty.

    Args:
        args: The serve host's arguments.
        embedder_version: See `Rollout`.
    """

    def __init__(self, args: argparse.Namespace, embedder_version: int) -> None:
        self._args = args
        self._embedder_version = embedder_version
        self._config = read_model_config(args.model_config)
        self.pools: list[Pool] = parse_pools(args.servers, model_names(self._config))
        self._store = RayStore()
        self._membership = Membership(self._store)
        self._changing = threading.Lock()

    @property
    def workers(self) -> int:
        """Processes of Ray that orchestrators and servers need; each needs one core of Ray's count."""
        cores: int = max(1, math.ceil(self._args.server_cpus))
        orchestrators: int = self._args.orchestrators.high
        return orchestrators + cores * sum(pool.size.high for pool in self.pools)

    @property
    def least(self) -> int:
        """Least number of replicas."""
        return sum(size.low for size in self._sizes())

    @property
    def growth(self) -> int:
        """Replicas that the load may add to these."""
        return sum(size.high for size in self._sizes()) - self.least

    def _sizes(self) -> list[Size]:
        return [self._args.orchestrators, *(pool.size for pool in self.pools)]

    def server_options(self) -> Any:
        """Returns the options of every server."""
        from orchestrator.deployments.model_server import ServerOptions  # noqa: PLC0415 - takes seconds

        args = self._args
        return ServerOptions(
            folder=args.run_dir,
            logs=args.log_dir,
            one_machine=not args.ray_address,
            cpus=args.server_cpus,
            gpus=args.server_gpus,
        )

    def make_plan(self) -> None:
        """Stores the plan that the servers start with."""
        plan = starting_plan(self._config, self._args.run_dir, self._args.versions)
        asyncio.run(self._store.put(PLAN, plan.encode()))

    def watch(self) -> None:
        """Refreshes the records without end, so that a process that died is soon noticed."""
        while True:
            time.sleep(_LOOK_S)
            with suppress(StoreUnavailable):
                asyncio.run(self._membership.members())

    def servers(self) -> list[dict[str, Any]]:
        """Returns the records of the servers that run."""
        return [asdict(one) for one in asyncio.run(self._membership.members()).servers]

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Returns the result of a change of version (`Rollout.do`), or {"error": ..., "advice": ...}."""
        if not self._changing.acquire(blocking=False):
            return {"error": "another change of version is under way", "advice": "wait until it is done"}
        try:
            rollout = Rollout(self._store, self._membership, self._embedder_version)
            done = asyncio.run(rollout.do(question))
            remember(self._args.versions, asyncio.run(rollout.stable()))
        except FleetError as err:
            return {"error": err.message, "advice": err.advice}
        except StoreUnavailable as err:
            return {"error": str(err), "advice": "see how far it got: facegrid status; then ask for it again"}
        finally:
            self._changing.release()
        return done


def starting_plan(config: ModelServerConfig, run_dir: Path, versions: Path) -> RolloutPlan:
    """Returns the plan that servers start with: what rollouts led to, else what the stack began with.

    Args:
        config: The operator's.
        run_dir: Keeps what the stack began with; `up` makes a new one.
        versions: What rollouts led to; stays from one `up` to the next.
    """
    began_with = run_dir / _BEGAN_WITH_FILE
    plan = initial_plan(config, read_remembered(began_with) | read_remembered(versions))
    remember(began_with, {model: route.stable for model, route in plan.routes.items()})
    return plan


def read_remembered(file: Path) -> dict[str, int]:
    """Returns the stable version of each network at the end of the last fleet."""
    try:
        versions: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as err:
        raise FleetError(f"{file} is not readable: {err}", "remove it; the newest versions are then served") from err
    return versions


def remember(file: Path, versions: dict[str, int]) -> None:
    """Writes the stable version of each network, for the next fleet."""
    replace_file(file, json.dumps(versions).encode() + b"\n", durable=False)
