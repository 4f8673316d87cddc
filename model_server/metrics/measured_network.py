"""A network whose successful runs are counted: how long each took, and on what."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from model_server.run.tensors import Array

if TYPE_CHECKING:
    from model_server.run.servable import Network, Port  # loads TensorFlow

OnRun = Callable[[Sequence[tuple["Port", Array]], float], None]
"""Gets what was fed, and the seconds the run took, in a batch's queue too."""


class ObservedNetwork:
    """Runs another network. One is made for each request, so making it costs next to nothing."""

    __slots__ = ("_network", "_on_run", "signature_defs", "signatures")

    def __init__(self, network: "Network", on_run: OnRun) -> None:
        self._network = network
        self._on_run = on_run
        self.signatures = network.signatures
        self.signature_defs = network.signature_defs

    def run(
        self,
        feeds: Sequence[tuple["Port", Array]],
        fetches: Sequence["Port"],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns the arrays of `fetches`, in their order.

        Raises:
            ServingError: As the other network; the run is not counted then.
        """
        started_s = time.perf_counter()
        arrays = self._network.run(feeds, fetches, timeout_s=timeout_s)
        self._on_run(feeds, time.perf_counter() - started_s)
        return arrays
