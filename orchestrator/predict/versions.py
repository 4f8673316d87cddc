"""Which version of each network answers a request, decided once for the whole of it.

A picture is looked at in several calls of the same network. Were the version drawn for each call, one
picture could see two versions, and Verify could compare vectors of two spaces. So a request draws once for each
network, and keeps to that plan even when it changes meanwhile; `oldest_generation` says when the last request of an
earlier plan has ended, and its versions can go.

Numbers are asked for, not labels: a label moves from one version to the other server by server, and may then
mean two versions within one picture; a server that does not have a number says so, and another is asked.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Route:
    """Who gets which version of a network."""

    stable: int
    """For everybody else."""
    canary: int | None = None
    """On trial; None: none is."""
    share: float = 0.0
    """Of requests that the canary answers, range [0, 1]."""


@dataclass
class _Request:
    generation: int
    routes: Mapping[str, Route]
    chosen: dict[str, int | None] = field(default_factory=dict)


class Versions:
    """The plan that new requests follow, and what each request under way has drawn.

    Args:
        draw: Returns a number in [0, 1), for each request and network anew.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._generation = 0
        self._routes: Mapping[str, Route] = {}
        self._under_way: Counter[int] = Counter()
        self._request: ContextVar[_Request | None] = ContextVar("request", default=None)

    @property
    def oldest_generation(self) -> int:
        """Number of the oldest plan that a request under way follows."""
        return min((*self._under_way, self._generation))

    def follow(self, generation: int, routes: Mapping[str, Route]) -> set[str]:
        """Lets requests that begin from now on follow another plan; returns the models that go another way in it."""
        changed = {model for model in {*routes, *self._routes} if routes.get(model) != self._routes.get(model)}
        self._generation, self._routes = generation, dict(routes)
        return changed

    @contextmanager
    def request(self) -> Iterator[None]:
        """Makes the block, with the tasks that it starts, one request; a block within one belongs to it."""
        if self._request.get() is not None:
            yield
            return
        generation = self._generation
        self._under_way[generation] += 1
        self._request.set(_Request(generation, self._routes))
        try:
            yield
        finally:
            # Not reset by a token: a generator that is collected is closed in a context of its own.
            self._request.set(None)
            self._under_way[generation] -= 1
            self._under_way += Counter()  # without plans that nobody follows any more

    def of(self, model: str) -> int | None:
        """Returns the version of a network for the request of this block; None leaves it to the server."""
        request = self._request.get()
        if request is None:
            return _stable(self._routes.get(model))
        if model not in request.chosen:
            request.chosen[model] = self._choose(request.routes.get(model))
        return request.chosen[model]

    def _choose(self, route: Route | None) -> int | None:
        if route is not None and route.canary is not None and self._draw() < route.share:
            return route.canary
        return _stable(route)


def _stable(route: Route | None) -> int | None:
    return None if route is None else route.stable
