"""The model servers there are now. One that joins gets calls at once; one that leaves completes the calls it has.

Servers that were ejected are probed until they answer again; no caller's request is risked for that.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from orchestrator.observer import observer
from orchestrator.predict.rules.balancer import Balancer, ServerEntry
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.servers.connection import ServerConnection
from orchestrator.predict.servers.endpoints import EndpointSource, EndpointsUnknown
from orchestrator.predict.servers.options import BalanceOptions

_log = logging.getLogger(__name__)

_TICK_S = 0.1
_PROBE_TIMEOUT_S = 0.5
_DRAIN_S = 120.0
"""Longest time for calls under way on a server that leaves: no caller waits longer (FACEGRID_MAX_TIMEOUT_S)."""


class ServerRegistry:
    """Keeps a connection to each server that the source names.

    Args:
        source: Where the servers are.
        balancer: Gets the servers.
        options: Pause before the source is asked again, and how servers are called.
        on_change: Called when servers joined, left, were ejected or came back.
    """

    def __init__(
        self, source: EndpointSource, balancer: Balancer, options: BalanceOptions, on_change: Callable[[], None]
    ) -> None:
        self._source = source
        self._balancer = balancer
        self._refresh_s = options.endpoint_refresh_s
        self._tls = options.tls
        self._on_change = on_change
        self._connections: dict[str, tuple[ServerEntry, ServerConnection]] = {}
        self._leaving: list[tuple[ServerEntry, ServerConnection, float]] = []
        """With the time after which their connection is closed whatever is under way."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Asks the source for the first time; a source that knows nothing yet is not an error."""
        await self._refresh()
        self._spawn(self._watch())

    async def close(self) -> None:
        """Ends all connections; calls under way fail."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connections = [connection for _, connection in self._connections.values()]
        connections += [connection for _, connection, _ in self._leaving]
        await asyncio.gather(*(connection.close() for connection in connections))
        self._connections.clear()
        self._leaving.clear()

    def connection(self, server: ServerEntry) -> ServerConnection:
        """Returns the connection to a server that the balancer picked."""
        return self._connections[server.address][1]

    def ejected(self, server: ServerEntry, model: str, outcome: AttemptOutcome) -> None:
        """Reports that a server was ejected after a call of a model."""
        observer().ejected(model, server.address)
        _log.warning("model server %s gets no calls for now: %s", server.address, outcome.name)
        self._on_change()

    async def _watch(self) -> None:
        refreshed_s = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic()
            for server in self._balancer.due(now_s):
                server.health.until_s = now_s + _PROBE_TIMEOUT_S + _TICK_S  # until this question is answered
                self._spawn(self._probe(server))
            await self._close_drained(now_s)
            if now_s - refreshed_s >= self._refresh_s:
                await self._refresh()
                refreshed_s = time.monotonic()

    async def _refresh(self) -> None:
        try:
            self._balancer.update(await self._source.endpoints())
        except EndpointsUnknown as err:
            _log.warning("the model servers are not known, the last ones stay: %s", err)
            return
        except Exception:  # noqa: BLE001 - a source is others' code, and the registry goes on without it
            _log.exception("the source of endpoints failed, the last ones stay")
            return
        servers = {server.address: server for server in self._balancer.all_servers()}
        joined, left = servers.keys() - self._connections.keys(), self._connections.keys() - servers.keys()
        for address in joined:
            self._connections[address] = servers[address], ServerConnection(address, self._tls)
        for address in left:
            self._leaving.append((*self._connections.pop(address), time.monotonic() + _DRAIN_S))
        if joined or left:
            _log.info("model servers joined: %s; left: %s", sorted(joined), sorted(left))
            self._on_change()

    async def _close_drained(self, now_s: float) -> None:
        """Ends the connections to servers that left, once their calls are over."""
        over = [one for one in self._leaving if not one[0].load.calls or now_s > one[2]]
        for one in over:
            self._leaving.remove(one)
            await one[1].close()
            if one[0].address not in self._connections:  # it may have come back meanwhile
                observer().left(one[0].address)

    async def _probe(self, server: ServerEntry) -> None:
        if server.address not in self._connections:
            return
        answered = await self.connection(server).answers(_PROBE_TIMEOUT_S)
        server.health.probed(answered=answered, now_s=time.monotonic())
        if answered:
            _log.info("model server %s answers again", server.address)
            self._on_change()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
