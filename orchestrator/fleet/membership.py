"""Who is in the fleet now; and the records of those who died without taking theirs away are removed."""

from dataclasses import dataclass
from itertools import chain

from orchestrator.fleet.records import ORCHESTRATORS, SERVERS, Living, OrchestratorRecord, ServerRecord
from orchestrator.fleet.store import RayStore, StoreUnavailable


@dataclass(frozen=True)
class FleetMembers:
    """Those who are there."""

    servers: list[ServerRecord]
    """By name."""
    orchestrators: list[OrchestratorRecord]


class Membership:
    """Reads all records; whoever looks often sees soon who died.

    Args:
        store: Where the records are.
    """

    def __init__(self, store: RayStore) -> None:
        self._store = store
        self._servers: Living[ServerRecord] = Living(ServerRecord)
        self._orchestrators: Living[OrchestratorRecord] = Living(OrchestratorRecord)

    async def look(self) -> FleetMembers:
        """Returns those who are there.

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
