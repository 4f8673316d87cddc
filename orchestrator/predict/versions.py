"""Which version of each network answers a request, decided once for the whole request.

A picture takes several calls of the same network. If the version were drawn for each call, two versions could answer
for one picture, and Verify could compare vectors of two spaces. So a request draws once for each network, and keeps to
its plan even when the plan changes meanwhile. `oldest_generation` says when the last request of an earlier plan has
ended, so that its versions can be unloaded.

Versions are asked for by number, not by label: a label moves from one version to the other server by server, and could
mean two versions within one picture. A server that lacks a number says so, and another one is asked.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Route:
    """Which versions of a network answer requests."""

    stable: int
    """Answers all requests that the canary does not."""
    canary: int | None = None
    """The version on trial; None: there is none."""
    share: float = 0.0
    """Share of requests that the canary answers, range [0, 1]."""


@dataclass
class _DrawnVersions:
    generation: int
    routes: Mapping[str, Route]
    chosen: dict[str, int | None] = field(default_factory=dict)


class Versions:
    """The plan that new requests follow, and what each request under way has drawn.

    Args:
        draw: Returns a number in [0, 1); called once for each request and network with a canary.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._generation = 0
        self._routes: Mapping[str, Route] = {}
        self._under_way: Counter[int] = Counter()
        self._request: ContextVar[_DrawnVersions | None] = ContextVar("request", default=None)

    @property
    def oldest_generation(self) -> int:
        """Number of the oldest plan that a request under way follows."""
        return min((*self._under_way, self._generation))

    def follow(self, generation: int, routes: Mapping[str, Route]) -> set[str]:
        """Makes requests that begin from now on follow another plan; returns the models whose route it changes."""
        changed = {model for model in {*routes, *self._routes} if routes.get(model) != self._routes.get(model)}
        self._generation, self._routes = generation, dict(routes)
        return changed

    @contextmanager
    def request(self) -> Iterator[None]:
        """Makes the block, with the tasks that it starts, one request; a block inside it is the same request."""
        if self._request.get() is not None:
            yield
            return
        generation = self._generation
        self._under_way[generation] += 1
        self._request.set(_DrawnVersions(generation, self._routes))
        try:
            yield
        finally:
            # Not reset by a token: a generator that is collected is closed in a context of its own.
            self._request.set(None)
            self._under_way[generation] -= 1
            self._under_way += Counter()  # drops the plans that no request follows any more

    def of(self, model: str) -> int | None:
        """Returns the version of a network for this request; None leaves it to the server."""
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
