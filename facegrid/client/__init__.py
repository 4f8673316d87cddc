"""The client: for threads in `sync.py`, for asyncio in `aio.py`. `facegrid` has its public names."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facegrid.client.sync import Client, connect
else:

    def __getattr__(name: str) -> Any:
        """Loads the client when it is asked for here (PEP 562), as `facegrid` does."""
        if name in __all__:
            from facegrid.client import sync  # noqa: PLC0415  (loads gRPC, which most modules here do without)

            return getattr(sync, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Client", "connect"]
