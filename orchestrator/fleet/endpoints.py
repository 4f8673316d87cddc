"""Where the model servers of a fleet on Ray are: an `orchestrator.predict.servers.endpoints.EndpointSource`."""

from orchestrator.fleet.heartbeat import HeartbeatTracker
from orchestrator.fleet.records import SERVERS, ServerRecord
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.predict.servers.endpoints import Endpoints, EndpointsUnknown


class RayEndpoints:
    """Reads the records of the model servers.

    Args:
        models: Names of the models to look for.
        store: Where the servers put their records.
    """

    def __init__(self, models: frozenset[str], store: RayStore) -> None:
        self._models = models
        self._store = store
        self._servers: HeartbeatTracker[ServerRecord] = HeartbeatTracker(ServerRecord)

    async def endpoints(self) -> Endpoints:
        """See `EndpointSource.endpoints`.

        Raises:
            EndpointsUnknown: Ray's head service does not answer; the servers may still be healthy.
        """
        try:
            values = await self._store.list(SERVERS)
        except StoreUnavailable as err:
            self._servers.forget()  # no server could write its record meanwhile
            raise EndpointsUnknown(str(err)) from err
        servers = self._servers.update(values).values()
        return {model: frozenset(one.address for one in servers if model in one.models) for model in self._models}
