"""The model servers on Ray, as the serve host sees them: what to deploy, what is there, and changes of version."""

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

from orchestrator.app.rollout import Rollout
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.membership import Membership
from orchestrator.fleet.model_config import model_names, read_model_config
from orchestrator.fleet.rollout_plan import PLAN, initial_plan
from orchestrator.fleet.sizes import Pool, Size, parse_pools
from orchestrator.fleet.store import RayStore, StoreUnavailable

_LOOK_S = 2.0


class ServeFleet:
    """The fleet that the serve host was asked for; without `--servers` there is none.

    Args:
        args: Of the serve host.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._config = read_model_config(args.model_config) if args.servers else None
        self.pools: list[Pool] = parse_pools(args.servers, model_names(self._config)) if self._config else []
        self._store = RayStore()
        self._everybody = Membership(self._store)
        self._changing = threading.Lock()

    @property
    def workers(self) -> int:
        """Processes of Ray that orchestrators and servers need, where each needs one core of Ray's count."""
        cores: int = max(1, math.ceil(self._args.server_cpus))
        orchestrators: int = self._args.orchestrators.high
        return orchestrators + cores * sum(pool.size.high for pool in self.pools)

    @property
    def least(self) -> int:
        """Replicas that there always are."""
        return sum(size.low for size in self._sizes())

    @property
    def growth(self) -> int:
        """Replicas that the load may ask for beside those."""
        return sum(size.high for size in self._sizes()) - self.least

    def _sizes(self) -> list[Size]:
        return [self._args.orchestrators, *(pool.size for pool in self.pools)]

    def server_options(self) -> Any:
        """Returns what every server is given, or None where there is no fleet."""
        from orchestrator.deployments.model_server import ServerOptions  # noqa: PLC0415 - takes seconds

        if not self.pools:
            return None
        args = self._args
        return ServerOptions(
            folder=args.run_dir,
            logs=args.log_dir,
            one_machine=not args.ray_address,
            cpus=args.server_cpus,
            gpus=args.server_gpus,
        )

    def make_plan(self) -> None:
        """Puts the plan that the servers start with."""
        if self._config is not None:
            plan = initial_plan(self._config, read_remembered(self._args.versions))
            asyncio.run(self._store.put(PLAN, plan.encode()))

    def watch(self) -> None:
        """Looks for ever who is there, so that who died is soon known."""
        while True:
            time.sleep(_LOOK_S)
            with suppress(StoreUnavailable):
                asyncio.run(self._everybody.members())

    def servers(self) -> list[dict[str, Any]]:
        """Returns the records of the servers that are there."""
        return [asdict(one) for one in asyncio.run(self._everybody.members()).servers] if self.pools else []

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Returns what became of a change of version (`Rollout.do`), or {"error": ..., "advice": ...}."""
        if not self.pools:
            return {
                "error": "this stack has one model server, which takes up new versions by itself",
                "advice": "start it with --replicas to change versions step by step",
            }
        if not self._changing.acquire(blocking=False):
            return {"error": "another change of version is under way", "advice": "wait until it is done"}
        try:
            rollout = Rollout(self._store, self._everybody)
            done = asyncio.run(rollout.do(question))
            remember(self._args.versions, asyncio.run(rollout.stable()))
        except FleetError as err:
            return {"error": err.message, "advice": err.advice}
        except StoreUnavailable as err:
            return {"error": str(err), "advice": "see how far it got: facegrid status; then ask for it again"}
        finally:
            self._changing.release()
        return done


def read_remembered(file: Path) -> dict[str, int]:
    """Returns the stable version of each network as the last fleet left it."""
    try:
        versions: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as err:
        raise FleetError(f"{file} is not readable: {err}", "remove it; the newest versions are then served") from err
    return versions


def remember(file: Path, versions: dict[str, int]) -> None:
    """Writes the stable version of each network, for the next fleet."""
    aside = file.with_suffix(".new")
    aside.write_text(json.dumps(versions) + "\n", encoding="utf-8")
    aside.replace(file)
