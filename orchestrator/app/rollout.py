"""Changes of version in a fleet under traffic: rollout, promote, rollback.

    rollout    every server loads the new version beside the stable one -> a share of the requests gets it
    promote    all requests get it -> no request follows the old plan any more -> servers drop the old version
    rollback   no request gets it -> no request follows the old plan any more -> servers drop the new version

Each arrow waits until every process has confirmed it in the store (orchestrator/fleet), so that no request asks for a
version that a server lacks.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from exporters.signatures import EMBEDDER, EMBEDDERS
from orchestrator.app.contract_check import require_contract
from orchestrator.fleet.canary_analysis import CanaryLimits, regressions, summarize
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.membership import FleetMembers, Membership
from orchestrator.fleet.records import ServerRecord
from orchestrator.fleet.rollout_plan import CANARY, PLAN, STABLE, RolloutPlan, loaded_versions, read_rollout_plan
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.predict.call_stats import CallStats, merge
from orchestrator.predict.versions import Route

_POLL_S = 0.1
_STEP_TIMEOUT_S = 150.0
"""Longer than any request may take (FACEGRID_MAX_TIMEOUT_S), and than a version takes to load."""
_CONTRACT_TIMEOUT_S = 10.0


class Rollout:
    """Changes the plan step by step.

    Args:
        store: Holds the plan.
        membership: Finds the servers and orchestrators that run.
        embedder_version: The embedder that requests get where the plan names none: `Settings.embedder_version`.
    """

    def __init__(self, store: RayStore, membership: Membership, embedder_version: int) -> None:
        self._store = store
        self._membership = membership
        self._embedder_version = embedder_version

    async def do(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Does one change, and returns the versions of the model afterwards.

        Args:
            question: "do": rollout, promote, rollback or show; "model"; for rollout "version" and "share"; for promote
                "force" and fields of `CanaryLimits`.

        Raises:
            FleetError: It cannot be done. Nothing has changed, or the message says how far it got.
        """
        plan = await self._plan()
        model = question["model"]
        if model not in {one.name for one in plan.config.model_config_list.config}:
            raise FleetError(f"there is no network {model!r} in this fleet")
        match question["do"]:
            case "rollout":
                await self._rollout(plan, model, question["version"], question["share"])
            case "promote":
                await self._promote(plan, model, CanaryLimits(**question["limits"]), force=question["force"])
            case "rollback":
                await self._rollback(plan, model)
        return await self._shown(model)

    async def stable(self) -> dict[str, int]:
        """Returns the stable version of each network that has a route."""
        return {model: route.stable for model, route in (await self._plan()).routes.items()}

    async def _rollout(self, plan: RolloutPlan, model: str, version: int, share: float) -> None:
        route = await self._route(plan, model)
        if route.canary not in {None, version}:
            raise FleetError(
                f"{model} {route.canary} is on trial already", f"run: facegrid promote {model}, or rollback {model}"
            )
        if version == route.stable:
            raise FleetError(f"{model} {version} is the stable version already")
        if model == EMBEDDER.name and version not in EMBEDDERS:
            known = ", ".join(map(str, EMBEDDERS))
            raise FleetError(
                f"this release knows no embedder {version}, only {known}: what its vectors mean is unknown"
            )
        await self._load(plan, model, route.stable, version)
        plan = await self._put(
            (await self._plan()).with_route(model, Route(stable=route.stable, canary=version, share=share))
        )
        await self._until_followed(plan)

    async def _load(self, plan: RolloutPlan, model: str, stable: int, version: int) -> None:
        """Waits until every server has the version beside the stable one; withdraws it if one does not get it."""
        loading = plan
        if _config(plan, model):
            labels = {STABLE: stable, CANARY: version}
            loading = await self._put(plan.with_versions(model, [stable, version], labels))
        try:
            await self._until(
                lambda members: _each(
                    members,
                    model,
                    lambda one: one.generation >= loading.generation and version in one.versions.get(model, ()),
                ),
                f"a server without {model} {version}",
                gives_up=lambda members: _each(members, model, lambda one: one.generation >= loading.generation),
            )
            for one in (await self._membership.members()).servers:
                if model in one.models:
                    await asyncio.to_thread(
                        require_contract, one.address, {model: version}, timeout_s=_CONTRACT_TIMEOUT_S
                    )
        except FleetError:
            if loading is not plan:
                await self._put((await self._plan()).with_versions(model, [stable], {STABLE: stable}))
            raise

    async def _promote(self, plan: RolloutPlan, model: str, limits: CanaryLimits, *, force: bool) -> None:
        route = await self._trial(plan, model)
        stable, canary = await self._call_stats(model, route.stable), await self._call_stats(model, route.canary)
        if not force and (wrong := regressions(stable, canary, limits)):
            raise FleetError(
                f"{model} {route.canary} is not good enough: {'; '.join(wrong)}",
                f"wait for more calls, run: facegrid rollback {model}, or promote it all the same with --force",
            )
        await self._finish(plan, model, keep=route.canary, drop=route.stable)

    async def _rollback(self, plan: RolloutPlan, model: str) -> None:
        route = await self._trial(plan, model)
        await self._finish(plan, model, keep=route.stable, drop=route.canary)

    async def _finish(self, plan: RolloutPlan, model: str, *, keep: int, drop: int) -> None:
        """Gives every request one version, then has the servers drop the other.

        Embedders stay: a gallery needs the version that made its vectors.
        """
        plan = await self._put(plan.with_route(model, Route(stable=keep)))
        await self._until_followed(plan)
        if _config(plan, model) and model != EMBEDDER.name:
            plan = await self._put(plan.with_versions(model, [keep], {STABLE: keep}))
            await self._until(
                lambda members: _each(
                    members,
                    model,
                    lambda one: one.generation >= plan.generation and drop not in one.versions.get(model, ()),
                ),
                f"a server that still has {model} {drop}",
            )

    async def _until_followed(self, plan: RolloutPlan) -> None:
        """Waits until no request under way was begun under an earlier plan."""
        await self._until(
            lambda members: all(one.generation >= plan.generation for one in members.orchestrators),
            "a request that was begun before",
        )

    async def _until(
        self,
        done: Callable[[FleetMembers], bool],
        what: str,
        gives_up: Callable[[FleetMembers], bool] = lambda _: False,
    ) -> None:
        deadline_s = time.monotonic() + _STEP_TIMEOUT_S
        while True:
            late = time.monotonic() > deadline_s
            try:
                members = await self._membership.members()
            except StoreUnavailable:
                if late:
                    raise
            else:
                if done(members):
                    return
                if late or gives_up(members):
                    raise FleetError(f"there is {what}", "see its log: facegrid status shows where the servers are")
            await asyncio.sleep(_POLL_S)

    async def _plan(self) -> RolloutPlan:
        plan = await read_rollout_plan(self._store)
        if plan is None:
            raise FleetError("the fleet has no plan of what to serve")
        return plan

    async def _put(self, plan: RolloutPlan) -> RolloutPlan:
        await self._store.put(PLAN, plan.encode())
        return plan

    async def _route(self, plan: RolloutPlan, model: str) -> Route:
        """Returns the versions that requests get; if none is fixed, the newest that every server has."""
        if model in plan.routes:
            return plan.routes[model]
        if model == EMBEDDER.name:  # servers have every version of it
            return Route(stable=self._embedder_version)
        newest = [
            max(one.versions[model]) for one in (await self._membership.members()).servers if one.versions.get(model)
        ]
        if not newest:
            raise FleetError(f"no server has {model}")
        return Route(stable=min(newest))

    async def _trial(self, plan: RolloutPlan, model: str) -> Any:
        route = await self._route(plan, model)
        if route.canary is None:
            raise FleetError(
                f"no version of {model} is on trial", "run: facegrid rollout MODEL --version N --canary 10%"
            )
        return route

    async def _call_stats(self, model: str, version: int) -> CallStats:
        members = await self._membership.members()
        counts = [one.versions.get(model, {}).get(str(version)) for one in members.orchestrators]
        return merge(CallStats(one) for one in counts if one)

    async def _shown(self, model: str) -> dict[str, Any]:
        route = await self._route(await self._plan(), model)
        versions = [route.stable, *([route.canary] if route.canary is not None else [])]
        return {
            "model": model,
            "stable": route.stable,
            "canary": route.canary,
            "share": route.share,
            "figures": {str(version): summarize(await self._call_stats(model, version)) for version in versions},
        }


def _each(members: FleetMembers, model: str, says: Callable[[ServerRecord], bool]) -> bool:
    """Returns whether `says` holds for every server of a model, and there is at least one."""
    servers = [one for one in members.servers if model in one.models]
    return bool(servers) and all(map(says, servers))


def _config(plan: RolloutPlan, model: str) -> bool:
    """Returns whether the plan names the versions to load; a model that keeps all its versions has them already."""
    return any(one.name == model and loaded_versions(one) for one in plan.config.model_config_list.config)
