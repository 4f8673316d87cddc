"""Which servers and orchestrators are in the fleet now; removes the records of those that died."""

from dataclasses import dataclass
from itertools import chain

from orchestrator.fleet.heartbeat import HeartbeatTracker
from orchestrator.fleet.records import ORCHESTRATORS, SERVERS, OrchestratorRecord, ServerRecord
from orchestrator.fleet.store import RayStore, StoreUnavailable


@dataclass(frozen=True)
class FleetMembers:
    """The live servers and orchestrators."""

    servers: list[ServerRecord]
    """By name."""
    orchestrators: list[OrchestratorRecord]


class Membership:
    """Reads all records. A reader that reads often notices a death soon.

    Args:
        store: Where the records are.
    """

    def __init__(self, store: RayStore) -> None:
        self._store = store
        self._servers: HeartbeatTracker[ServerRecord] = HeartbeatTracker(ServerRecord)
        self._orchestrators: HeartbeatTracker[OrchestratorRecord] = HeartbeatTracker(OrchestratorRecord)

    async def members(self) -> FleetMembers:
        """Returns the live servers and orchestrators.

        Raises:
            StoreUnavailable: Ray's head service does not answer.
        """
        try:
            of_servers = await self._store.list(SERVERS)
            of_orchestrators = await self._store.list(ORCHESTRATORS)
        except StoreUnavailable:
            self._servers.forget()
            self._orchestrators.forget()
            raise
        servers = self._servers.update(of_servers)
        orchestrators = self._orchestrators.update(of_orchestrators)
        for key in chain(of_servers.keys() - servers.keys(), of_orchestrators.keys() - orchestrators.keys()):
            await self._store.delete(key)
        return FleetMembers([servers[key] for key in sorted(servers)], list(orchestrators.values()))
