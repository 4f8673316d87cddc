"""A predictor that asks for the version which the request has drawn, and tallies how each version does."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from orchestrator.predict.call_stats import CallStats
from orchestrator.predict.predictor import Arrays, Predictor
from orchestrator.predict.versions import Versions


class VersionedPredictor:
    """Hands calls on; implements `orchestrator.predict.predictor.Predictor`.

    Args:
        predictor: Where the networks run.
        versions: Says which version answers.
    """

    def __init__(self, predictor: Predictor, versions: Versions) -> None:
        self._predictor = predictor
        self._versions = versions
        self.in_flight: Counter[str] = Counter()
        """Calls under way, waiting ones among them, by model."""
        self.tallies: defaultdict[tuple[str, int], CallStats] = defaultdict(CallStats)
        """By model and version, of the versions that were asked for by number."""

    def forget(self, model: str) -> None:
        """Begins the tallies of a model anew, so that those of two versions are of the same time."""
        for key in [key for key in self.tallies if key[0] == model]:
            del self.tallies[key]

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
        timeout_s: float,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`; a call that names no version gets the one that the request has drawn."""
        with self._versions.request():
            asked = self._versions.of(model) if version is None else version
            with self._tallied(model, asked):
                return await self._predictor.predict(
                    model, inputs, timeout_s=timeout_s, signature=signature, version=asked
                )

    @contextmanager
    def _tallied(self, model: str, version: int | None) -> Iterator[None]:
        self.in_flight[model] += 1
        begin_s = time.perf_counter()
        tally = CallStats() if version is None else self.tallies[model, version]
        try:
            yield
        except Exception:  # not of a call that was cancelled: its caller went away, or its picture failed elsewhere
            tally.failed()
            raise
        else:
            tally.answered(time.perf_counter() - begin_s)
        finally:
            self.in_flight[model] -= 1
