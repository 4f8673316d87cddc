"""A model server of the fleet: starts it, announces it, applies each plan, and stops it without a failed call."""

import asyncio
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.heartbeat import HEARTBEAT_S, HeartbeatTracker
from orchestrator.fleet.management_client import ManagementClient
from orchestrator.fleet.model_config import write_model_config
from orchestrator.fleet.model_server import ModelVersion, missing_models
from orchestrator.fleet.records import ORCHESTRATORS, SERVERS, OrchestratorRecord, ServerRecord, encode
from orchestrator.fleet.rollout_plan import RolloutPlan, read_rollout_plan
from orchestrator.fleet.server_process import ModelServerProcess, ServerPlace
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.fleet.version_status import available_versions, is_settled, with_labels, without_labels

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_ANSWER_TIMEOUT_S = 5.0
_BEAT_TIMEOUT_S = 2.0
_SILENT_S = 30.0
"""A server that has not answered for so long is unhealthy; a busy one answers status calls beside its work."""
_RELOAD_TIMEOUT_S = 60.0
_NOTICED_S = 5.0
"""A version that a server has not found after so long does not exist: it looks into its folders every second."""
_STOP_TIMEOUT_S = 20.0

UNSEEN_S = 3.0
"""Time until every orchestrator has seen that a server's record is gone: each looks every two seconds."""


@dataclass(frozen=True)
class PoolDemand:
    """What all orchestrators together ask of the servers of a pool."""

    in_flight: float
    """Calls that are waiting or under way."""
    queue_s: float
    """Seconds that calls have lately waited for a server, of the model that waits longest."""


class FleetServer:
    """One model server process that takes part in the fleet; `start` makes it.

    Args:
        name: Unique in the fleet.
        models: That it serves.
        place: Where its files lie and where it listens.
        store: Where the plan is and the record goes.
        process: That was started with `config_file`.
        config_file: For its first config; removed at its end.
    """

    def __init__(
        self,
        name: str,
        models: tuple[str, ...],
        place: ServerPlace,
        store: RayStore,
        *,
        process: ModelServerProcess,
        config_file: Path,
    ) -> None:
        self._name = name
        self._models = models
        self._place = place
        self._store = store
        self._process = process
        self._config_file = config_file
        self._calls = ManagementClient(process.address)
        self._orchestrators: HeartbeatTracker[OrchestratorRecord] = HeartbeatTracker(OrchestratorRecord)
        self._live: dict[str, OrchestratorRecord] = {}
        self._generation = 0
        """Of the plan that it follows; the first plan is 1."""
        self._versions: list[ModelVersion] = []
        self._start_s: dict[str, float] = {}
        self._answered_s = time.monotonic()
        self._beats = 0
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(cls, name: str, models: tuple[str, ...], place: ServerPlace, store: RayStore) -> "FleetServer":
        """Returns when every model of the plan has a version that is available, and the server is known to the fleet.

        Args:
            name: Unique in the fleet.
            models: That the server serves.
            place: Where its files lie and where it listens.
            store: Where the plan is and the record goes.

        Raises:
            FleetError: There is no plan, no program, or the server ended.
            StoreUnavailable: Ray's head service does not answer.
        """
        plan = await read_rollout_plan(store)
        if plan is None:
            raise FleetError("the fleet has no plan of what to serve")
        config_file = place.folder / f"{name}.config"
        # A label whose version is not there yet ends a server's start.
        write_model_config(without_labels(plan.config_of(models)), config_file)
        process = await ModelServerProcess.start(config_file, place, name)
        server = cls(name, models, place, store, process=process, config_file=config_file)
        try:
            await server._join(plan)
        except BaseException:
            await server._end_process()
            raise
        return server

    async def _join(self, plan: RolloutPlan) -> None:
        begin_s = time.monotonic()
        await self._until_available()
        available_s = time.monotonic()
        await self._apply(plan)
        self._start_s = {
            "until it answered": round(available_s - begin_s, 2),
            "to take up the plan": round(time.monotonic() - available_s, 2),
        }
        await self._put()
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._follow())]

    async def demand(self) -> PoolDemand:
        """Returns what the orchestrators ask of this server's pool."""
        with suppress(StoreUnavailable):
            self._live = self._orchestrators.update(await self._store.list(ORCHESTRATORS))
        records = self._live.values()
        return PoolDemand(
            in_flight=sum(one.in_flight.get(model, 0.0) for one in records for model in self._models),
            queue_s=max((one.queue_s.get(model, 0.0) for one in records for model in self._models), default=0.0),
        )

    def require_healthy(self) -> None:
        """Returns if the server runs and answers.

        Raises:
            FleetError: It has ended, or does not answer.
        """
        self._process.require_running()
        silent_s = time.monotonic() - self._answered_s
        if silent_s > _SILENT_S:
            raise FleetError(f"the model server {self._name} has not answered for {silent_s:.0f} s")

    async def stop(self) -> None:
        """Removes the server from the fleet, lets it complete the calls under way, and ends it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._store.delete(SERVERS + self._name)
            await self._until_unseen()
        await self._end_process()

    async def _end_process(self) -> None:
        await self._calls.close()
        await self._process.stop(timeout_s=_STOP_TIMEOUT_S)
        self._config_file.unlink(missing_ok=True)

    async def _until_available(self) -> None:
        while True:
            self._process.require_running()
            versions = await self._calls.versions(self._models, timeout_s=_ANSWER_TIMEOUT_S)
            if versions is not None and not missing_models(versions, list(self._models)):
                return
            await asyncio.sleep(_POLL_S)

    async def _until_unseen(self) -> None:
        """Returns when no orchestrator sends calls to this server any more."""
        deadline_s = time.monotonic() + UNSEEN_S
        while time.monotonic() < deadline_s:
            if not await self._store.list(ORCHESTRATORS):
                return
            await asyncio.sleep(HEARTBEAT_S / 2)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                self._process.require_running()
                await self._put()
            except StoreUnavailable as err:
                _log.warning("%s", err)
            except FleetError:
                with suppress(StoreUnavailable):
                    await self._store.delete(SERVERS + self._name)
                return  # `require_healthy` reports why

    async def _put(self) -> None:
        generation = self._generation
        versions = await self._calls.versions(self._models, timeout_s=_BEAT_TIMEOUT_S)
        if versions is not None:
            self._answered_s = time.monotonic()
            # Otherwise a plan was applied meanwhile, and these versions may be gone.
            if generation == self._generation:
                self._versions = versions
        self._beats += 1
        record = ServerRecord(
            id=self._name,
            address=self._process.address,
            models=self._models,
            node=self._place.node,
            pid=self._process.pid,
            replica_pid=os.getpid(),
            generation=self._generation,
            versions=available_versions(self._versions),
            start_s=self._start_s,
            beat=self._beats,
        )
        await self._store.put(SERVERS + self._name, encode(record))

    async def _follow(self) -> None:
        """Applies every new plan."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                plan = await read_rollout_plan(self._store)
                if plan is not None and plan.generation != self._generation:
                    await self._apply(plan)
            except StoreUnavailable as err:
                _log.warning("%s", err)
            except FleetError:
                return  # the server has ended, and `require_healthy` reports why

    async def _apply(self, plan: RolloutPlan) -> None:
        """Returns once the server has the versions and labels of the plan, as far as they exist.

        A label may only point at an available version, so labels are set after their versions are loaded.
        """
        config = plan.config_of(self._models)
        labelled = any(one.version_labels for one in config.model_config_list.config)
        await self._reload(with_labels(config, available_versions(self._versions)))
        begin_s = time.monotonic()
        while (waited_s := time.monotonic() - begin_s) < _RELOAD_TIMEOUT_S:
            self._process.require_running()
            versions = await self._calls.versions(self._models, timeout_s=_ANSWER_TIMEOUT_S) or []
            if versions and is_settled(config, versions, may_come=waited_s < _NOTICED_S):
                break
            await asyncio.sleep(_POLL_S)
        if labelled:
            await self._reload(with_labels(config, available_versions(versions)))
        self._versions, self._generation = versions, plan.generation

    async def _reload(self, config: ModelServerConfig) -> None:
        if wrong := await self._calls.reload(config, timeout_s=_RELOAD_TIMEOUT_S):
            _log.error("the model server %s refused a config: %s", self._name, wrong)
