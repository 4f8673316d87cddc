"""A model server of the fleet: started, made known, kept to the plan, and taken away without a failed call."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.model_config import write_model_config
from orchestrator.fleet.model_server import ModelVersion, missing_models
from orchestrator.fleet.records import (
    BEAT_S,
    ORCHESTRATORS,
    SERVERS,
    Living,
    OrchestratorRecord,
    ServerRecord,
    encode,
)
from orchestrator.fleet.rollout_plan import RolloutPlan, read_rollout_plan
from orchestrator.fleet.server_calls import ServerCalls
from orchestrator.fleet.server_process import ServerPlace, ServerProcess
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.fleet.version_status import available_versions, is_settled, with_labels, without_labels

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_ANSWER_TIMEOUT_S = 5.0
_BEAT_TIMEOUT_S = 2.0
_SILENT_S = 30.0
"""A server that has said nothing for so long is not well; a busy one answers questions beside its work."""
_RELOAD_TIMEOUT_S = 60.0
_NOTICED_S = 5.0
"""A folder that a server has not seen for so long is not there: it looks every second."""
_STOP_TIMEOUT_S = 20.0

UNSEEN_S = 3.0
"""Time until every orchestrator has seen that a server's record is gone: they look every two seconds."""


@dataclass(frozen=True)
class PoolDemand:
    """What all orchestrators together want of the servers of a pool."""

    in_flight: float
    """Calls that are waiting or under way."""
    queue_s: float
    """Seconds that calls have lately waited for a server, of the model that waits longest."""


class FleetServer:
    """One server process, and its record in the store.

    Args:
        name: Unique in the fleet.
        models: That it serves.
        place: Where its files lie and where it listens.
        store: Where the plan is and the record goes.
    """

    def __init__(self, name: str, models: tuple[str, ...], place: ServerPlace, store: RayStore) -> None:
        self._name = name
        self._models = models
        self._place = place
        self._store = store
        self._config_file = place.folder / f"{name}.config"
        self._orchestrators: Living[OrchestratorRecord] = Living(OrchestratorRecord)
        self._living: dict[str, OrchestratorRecord] = {}
        self._versions: list[ModelVersion] = []
        self._answered_s = time.monotonic()
        self._beats = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, replica_pid: int) -> None:
        """Returns when every model of the plan has a version that is available, and the server is known to the fleet.

        Raises:
            FleetError: There is no plan, no program, or the server ended.
            StoreUnavailable: Ray's head service does not answer.
        """
        plan = await read_rollout_plan(self._store)
        if plan is None:
            raise FleetError("the fleet has no plan of what to serve")
        begin_s = time.monotonic()
        # Labels of versions that are not there yet end a server's start.
        write_model_config(without_labels(plan.config_of(self._models)), self._config_file)
        self._replica_pid = replica_pid
        self._process = await ServerProcess.start(self._config_file, self._place, self._name)
        self._calls = ServerCalls(self._process.address)
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
        """Returns what the orchestrators want of this server's pool."""
        with suppress(StoreUnavailable):
            self._living = self._orchestrators.update(await self._store.list(ORCHESTRATORS))
        records = self._living.values()
        return PoolDemand(
            in_flight=sum(one.in_flight.get(model, 0.0) for one in records for model in self._models),
            queue_s=max((one.queue_s.get(model, 0.0) for one in records for model in self._models), default=0.0),
        )

    def require_well(self) -> None:
        """Returns while the server runs and answers.

        Raises:
            FleetError: It has ended, or says nothing.
        """
        self._process.require_running()
        silent_s = time.monotonic() - self._answered_s
        if silent_s > _SILENT_S:
            raise FleetError(f"the model server {self._name} has not answered for {silent_s:.0f} s")

    async def stop(self) -> None:
        """Takes the server out of the fleet, lets it answer what is under way, and ends it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._store.delete(SERVERS + self._name)
            await self._until_unseen()
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
        """Returns when no orchestrator sends calls here any more."""
        deadline_s = time.monotonic() + UNSEEN_S
        while time.monotonic() < deadline_s:
            if not await self._store.list(ORCHESTRATORS):
                return
            await asyncio.sleep(BEAT_S / 2)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                self._process.require_running()
                await self._put()
            except StoreUnavailable as err:
                _log.warning("%s", err)
            except FleetError:
                with suppress(StoreUnavailable):
                    await self._store.delete(SERVERS + self._name)
                return  # the health check says why

    async def _put(self) -> None:
        generation = self._generation
        versions = await self._calls.versions(self._models, timeout_s=_BEAT_TIMEOUT_S)
        if versions is not None:
            self._answered_s = time.monotonic()
            # Else a plan was taken up meanwhile, and what was there before may be gone.
            if generation == self._generation:
                self._versions = versions
        self._beats += 1
        record = ServerRecord(
            id=self._name,
            address=self._process.address,
            models=self._models,
            node=self._place.node,
            pid=self._process.pid,
            replica_pid=self._replica_pid,
            generation=self._generation,
            versions=available_versions(self._versions),
            start_s=self._start_s,
            beat=self._beats,
        )
        await self._store.put(SERVERS + self._name, encode(record))

    async def _follow(self) -> None:
        """Takes up every new plan."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                plan = await read_rollout_plan(self._store)
                if plan is not None and plan.generation != self._generation:
                    await self._apply(plan)
            except StoreUnavailable as err:
                _log.warning("%s", err)
            except FleetError:
                return  # the server has ended, and the health check says why

    async def _apply(self, plan: RolloutPlan) -> None:
        """Returns once the server has the plan's versions and labels, as far as there are such.

        A label may only point at a version that is available, so labels come when versions are there.
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
