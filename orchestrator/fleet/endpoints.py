"""Where the model servers of a fleet on Ray are: an `orchestrator.predict.servers.endpoints.EndpointSource`."""

from orchestrator.fleet.records import SERVERS, Living, ServerRecord
from orchestrator.fleet.store import RayStore, StoreUnavailable
from orchestrator.predict.servers.endpoints import Endpoints, EndpointsUnknown


class RayEndpoints:
    """Reads the records of the model servers.

    Args:
        models: Names that are wanted.
        store: Where the servers put their records.
    """

    def __init__(self, models: frozenset[str], store: RayStore) -> None:
        self._models = models
        self._store = store
        self._living: Living[ServerRecord] = Living(ServerRecord)

    async def endpoints(self) -> Endpoints:
        """See `EndpointSource.endpoints`.

        Raises:
            EndpointsUnknown: Ray's head service does not answer: the servers may be well all the same.
        """
        try:
            values = await self._store.list(SERVERS)
        except StoreUnavailable as err:
            self._living.forget()  # no server could put its record meanwhile either
            raise EndpointsUnknown(str(err)) from err
        servers = self._living.update(values).values()
        return {model: frozenset(one.address for one in servers if model in one.models) for model in self._models}
