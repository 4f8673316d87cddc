"""A servable whose successful runs are measured: how long each took, and on which inputs."""

import time
from collections.abc import Callable, Sequence

from model_server.run.servable import Array, Port, Servable

OnRun = Callable[[Sequence[tuple[Port, Array]], float], None]
"""Gets the inputs and the seconds that the run took, the wait in a batch's queue included."""


class MeasuredServable:
    """Runs another servable. One is made for each request, so its construction costs next to nothing."""

    __slots__ = ("_on_run", "_servable", "signature_defs", "signatures")

    def __init__(self, servable: Servable, on_run: OnRun) -> None:
        self._servable = servable
        self._on_run = on_run
        self.signatures = servable.signatures
        self.signature_defs = servable.signature_defs

    def run(
        self,
        feeds: Sequence[tuple[Port, Array]],
        fetches: Sequence[Port],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns the arrays of `fetches`, in their order.

        Raises:
            ServingError: As the other servable; `on_run` is not called then.
        """
        started_s = time.perf_counter()
        arrays = self._servable.run(feeds, fetches, timeout_s=timeout_s)
        self._on_run(feeds, time.perf_counter() - started_s)
        return arrays
