"""A predictor that asks for the version which its request has drawn, and counts how each version does."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from orchestrator.deadline import Deadline
from orchestrator.predict.call_stats import CallStats
from orchestrator.predict.predictor import Arrays, Predictor
from orchestrator.predict.versions import Versions


class VersionedPredictor:
    """Passes calls on; implements `orchestrator.predict.predictor.Predictor`.

    Args:
        predictor: Where the networks run.
        versions: Says which version answers.
    """

    def __init__(self, predictor: Predictor, versions: Versions) -> None:
        self._predictor = predictor
        self._versions = versions
        self.in_flight: Counter[str] = Counter()
        """Calls under way, including those that wait, by model."""
        self.call_stats: defaultdict[tuple[str, int], CallStats] = defaultdict(CallStats)
        """By model and version, for the versions that were asked for by number."""

    def forget(self, model: str) -> None:
        """Restarts the counts of a model, so that those of two versions are of the same time."""
        for key in [key for key in self.call_stats if key[0] == model]:
            del self.call_stats[key]

    async def start(self) -> None:
        """See `Predictor.start`."""
        await self._predictor.start()

    async def close(self) -> None:
        """See `Predictor.close`."""
        await self._predictor.close()

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        deadline: Deadline,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`; a call that names no version gets the one that the request has drawn."""
        asked = self._versions.of(model) if version is None else version
        with self._counted(model, asked):
            return await self._predictor.predict(model, inputs, deadline=deadline, signature=signature, version=asked)

    @contextmanager
    def _counted(self, model: str, version: int | None) -> Iterator[None]:
        self.in_flight[model] += 1
        begin_s = time.perf_counter()
        stats = CallStats() if version is None else self.call_stats[model, version]
        try:
            yield
        except Exception:  # a cancelled call does not count: its caller went away, or its picture failed elsewhere
            stats.failed()
            raise
        else:
            stats.answered(time.perf_counter() - begin_s)
        finally:
            self.in_flight[model] -= 1
