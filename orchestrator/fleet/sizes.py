"""How many processes of each kind: `2`, `1-4`, `pnet=2,embedder=1-3`."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from orchestrator.fleet.errors import FleetError

SHARED = "models"
"""Name of the pool whose servers have every network without a pool of its own."""
MOST = 1000


@dataclass(frozen=True)
class Size:
    """A number of processes, or a range within which the number follows the load."""

    low: int
    high: int

    @property
    def scales(self) -> bool:
        """Whether the number follows the load."""
        return self.low < self.high

    def __str__(self) -> str:
        return f"{self.low}-{self.high}" if self.scales else str(self.low)


@dataclass(frozen=True)
class Pool:
    """Model servers that all have the same networks."""

    name: str
    """The network, or `SHARED`."""
    models: tuple[str, ...]
    size: Size


def parse_size(text: str) -> Size:
    """Returns the number or range in a text.

    Raises:
        FleetError: It is neither, or beyond 1 to `MOST`.
    """
    low, dash, high = text.strip().partition("-")
    if not (low.isdecimal() and (high.isdecimal() if dash else not high)):
        raise FleetError(f"{text!r} is not a number of processes", "write a number such as 2, or a range such as 1-4")
    size = Size(int(low), int(high) if dash else int(low))
    if not 1 <= size.low <= size.high <= MOST:
        raise FleetError(f"{text} processes are not in 1 to {MOST}, the lower number first")
    return size


def parse_pools(text: str, models: Collection[str]) -> list[Pool]:
    """Returns the pools of servers in a text such as `2` or `pnet=2,embedder=1-3`.

    Args:
        text: One size for servers with every network; or a size for each network with servers of its own, while the
            others share one server, or as many as `models=` says.
        models: Every network that is served.

    Raises:
        FleetError: Not in this form, or there is no such network.
    """
    if "=" not in text:
        return [Pool(SHARED, tuple(models), parse_size(text))]
    sizes: dict[str, Size] = {}
    for part in text.split(","):
        name, _, size = part.partition("=")
        if name.strip() not in {*models, SHARED}:
            raise FleetError(f"there is no network {name.strip()!r}", f"choose among {', '.join(models)}")
        sizes[name.strip()] = parse_size(size)
    of_shared = sizes.pop(SHARED, Size(1, 1))
    shared = tuple(model for model in models if model not in sizes)
    pools = [Pool(model, (model,), size) for model, size in sizes.items()]
    return pools + ([Pool(SHARED, shared, of_shared)] if shared else [])


def grow_pool(pool: Pool, most: int) -> Pool:
    """Returns the pool with a range up to `most`; a pool that has a range keeps it."""
    return pool if pool.size.scales else replace(pool, size=grow_size(pool.size, most))


def grow_size(size: Size, most: int) -> Size:
    """Returns the range from a number up to `most`; a range stays as it is."""
    return size if size.scales else Size(size.low, max(size.low, most))


def format_pools(pools: Collection[Pool]) -> str:
    """Returns the text that `parse_pools` reads as these pools."""
    return ",".join(f"{pool.name}={pool.size}" for pool in pools)
