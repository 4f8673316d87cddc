"""A predictor that runs the exported networks in this process, to tell our arithmetic's cost from the road's."""

import asyncio
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from exporters.signatures import CONTRACTS, SERVING_DEFAULT
from model_server import servable
from orchestrator.models.checks import check_inputs, check_outputs
from orchestrator.models.predictor import Arrays


class InProcessPredictor:
    """Implements `orchestrator.models.predictor.Predictor` with TensorFlow in this process.

    Args:
        models_dir: Where `facegrid export` wrote; the highest version of each model is taken.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._servables: dict[str, servable.Servable] = {}

    async def start(self) -> None:
        """Loads every model of the contract."""
        for model in CONTRACTS:
            versions = [path for path in (self._models_dir / model).iterdir() if path.name.isdecimal()]
            newest = max(versions, key=lambda path: int(path.name))
            self._servables[model] = await asyncio.to_thread(servable.load, newest, tags=["serve"])

    async def close(self) -> None:
        """Unloads the models."""
        for loaded in self._servables.values():
            loaded.close()
        self._servables.clear()

    async def predict(
        self, model: str, inputs: Arrays, *, timeout_s: float, signature: str = SERVING_DEFAULT
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`."""
        rows = check_inputs(model, signature, inputs)
        loaded = self._servables[model]
        ports = loaded.signatures[signature]
        feeds = [(ports.inputs[name], array) for name, array in inputs.items()]
        arrays = await asyncio.to_thread(loaded.run, feeds, list(ports.outputs.values()), timeout_s=timeout_s)
        outputs = dict(zip(ports.outputs, arrays, strict=True))
        check_outputs(model, signature, outputs, rows=rows)
        return outputs
