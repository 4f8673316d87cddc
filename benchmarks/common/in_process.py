"""A predictor that runs the exported networks in this process, to measure the pipeline without any transport."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from exporters.signatures import CONTRACTS, EMBEDDER, SERVING_DEFAULT
from exporters.versions import versions
from facegrid.errors import Unavailable
from model_server.run import saved_model
from orchestrator.deadline import Deadline
from orchestrator.predict.checks import check_inputs, check_outputs
from orchestrator.predict.predictor import Arrays

if TYPE_CHECKING:
    from model_server.run.servable import LoadedServable


class InProcessPredictor:
    """Implements `orchestrator.predict.predictor.Predictor` with TensorFlow in this process.

    Args:
        models_dir: What `facegrid export` wrote; the highest version of each model is loaded, and all of the embedder.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._servables: dict[tuple[str, int], LoadedServable] = {}
        self._newest: dict[str, int] = {}

    async def start(self) -> None:
        """Loads every model of the contract."""
        for model in CONTRACTS:
            present = versions(self._models_dir / model)
            self._newest[model] = max(present)
            for version in present if model == EMBEDDER.name else [max(present)]:
                loaded = await asyncio.to_thread(saved_model.load, present[version], tags=["serve"])
                self._servables[model, version] = loaded

    async def close(self) -> None:
        """Unloads the models."""
        for loaded in self._servables.values():
            loaded.close()
        self._servables.clear()

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        deadline: Deadline,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`."""
        rows = check_inputs(model, signature, inputs, version=version)
        wanted = version or self._newest[model]
        if (model, wanted) not in self._servables:
            raise Unavailable(f"there is no version {wanted} of model {model}")
        loaded = self._servables[model, wanted]
        ports = loaded.signatures[signature]
        feeds = [(ports.inputs[name], array) for name, array in inputs.items()]
        arrays = await asyncio.to_thread(
            loaded.run, feeds, list(ports.outputs.values()), timeout_s=deadline.remaining_s()
        )
        outputs = dict(zip(ports.outputs, arrays, strict=True))
        check_outputs(model, signature, outputs, rows=rows, version=version)
        return outputs
