"""An orchestrator of the fleet: reports its load in the store, and makes its requests follow the plan."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress

from orchestrator.fleet.heartbeat import HEARTBEAT_S
from orchestrator.fleet.records import ORCHESTRATORS, OrchestratorRecord, encode
from orchestrator.fleet.rollout_plan import read_rollout_plan
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.predict.versioned_predictor import VersionedPredictor
from orchestrator.predict.versions import Versions

_log = logging.getLogger(__name__)


class OrchestratorHeartbeat:
    """Writes the record of one orchestrator, and reads the plan.

    Args:
        name: Unique in the fleet.
        predictor: Counts the calls.
        versions: Gets every new plan.
        queue_s: Returns the seconds that calls have lately waited for a server, by model.
        store: Where the plan is and the record goes.
    """

    def __init__(
        self,
        name: str,
        predictor: VersionedPredictor,
        versions: Versions,
        queue_s: Callable[[], Mapping[str, float]],
        store: RayStore,
    ) -> None:
        self._name = name
        self._predictor = predictor
        self._versions = versions
        self._queue_s = queue_s
        self._store = store
        self._beats = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follows the plan from now on; a store that does not answer yet is not an error."""
        await self._exchange()
        self._task = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Removes the record."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._store.delete(ORCHESTRATORS + self._name)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await self._exchange()

    async def _exchange(self) -> None:
        try:
            plan = await read_rollout_plan(self._store)
            if plan is not None:
                for model in self._versions.follow(plan.generation, plan.routes):
                    self._predictor.forget(model)
            await self._store.put(ORCHESTRATORS + self._name, encode(self._record()))
        except StoreUnavailable as err:
            _log.warning("the last plan stays in force: %s", err)

    def _record(self) -> OrchestratorRecord:
        self._beats += 1
        versions: dict[str, dict[str, list[int]]] = {}
        for (model, version), stats in self._predictor.call_stats.items():
            versions.setdefault(model, {})[str(version)] = stats.counts()
        in_flight = +self._predictor.in_flight
        return OrchestratorRecord(
            id=self._name,
            pid=os.getpid(),
            generation=self._versions.oldest_generation,
            in_flight=dict(in_flight),
            # How long calls waited before a pause says nothing about now.
            queue_s={model: seconds for model, seconds in self._queue_s().items() if model in in_flight},
            versions=versions,
            beat=self._beats,
        )
