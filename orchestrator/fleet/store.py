"""The store that a fleet shares: keys and values in Ray's head service (GCS).

A named actor would be one more process of 100 MB that can die, and Ray Serve's controller may be absent for seconds;
the head service runs as long as Ray does. Ray Serve keeps its own checkpoints in it.
"""

import asyncio
from collections.abc import Callable
from typing import Any

_NAMESPACE = b"facegrid"
_TIMEOUT_S = 2.0


class StoreUnavailable(Exception):
    """Ray's head service does not answer."""


class RayStore:
    """Values by key, for every process that is connected to the same Ray; calls take about a millisecond."""

    async def put(self, key: str, value: bytes) -> None:
        """Sets a value.

        Raises:
            StoreUnavailable: Ray's head service does not answer.
        """
        await _ask(lambda gcs: gcs.internal_kv_put(key.encode(), value, True, _NAMESPACE, _TIMEOUT_S))

    async def get(self, key: str) -> bytes | None:
        """Returns a value, or None where there is none.

        Raises:
            StoreUnavailable: Ray's head service does not answer.
        """
        value: bytes | None = await _ask(lambda gcs: gcs.internal_kv_get(key.encode(), _NAMESPACE, _TIMEOUT_S))
        return value

    async def delete(self, key: str) -> None:
        """Removes a value; a missing one is not an error.

        Raises:
            StoreUnavailable: Ray's head service does not answer.
        """
        await _ask(lambda gcs: gcs.internal_kv_del(key.encode(), False, _NAMESPACE, _TIMEOUT_S))

    async def list(self, prefix: str) -> dict[str, bytes]:
        """Returns every value whose key begins with `prefix`.

        Raises:
            StoreUnavailable: Ray's head service does not answer.
        """

        def read(gcs: Any) -> dict[bytes, bytes]:
            keys = gcs.internal_kv_keys(prefix.encode(), _NAMESPACE, _TIMEOUT_S)
            found: dict[bytes, bytes] = gcs.internal_kv_multi_get(keys, _NAMESPACE, _TIMEOUT_S) if keys else {}
            return found

        return {key.decode(): value for key, value in (await _ask(read)).items()}


async def _ask(call: Callable[[Any], Any]) -> Any:
    from ray._private.worker import global_worker  # noqa: PLC0415 - takes seconds, and Ray is connected by then

    try:
        return await asyncio.to_thread(call, global_worker.gcs_client)
    except Exception as err:  # Ray raises errors of its own and of gRPC
        raise StoreUnavailable("Ray's head service does not answer") from err
