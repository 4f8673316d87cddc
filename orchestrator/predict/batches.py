"""Cuts large inputs into batches that a model server accepts, and joins the answers."""

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from orchestrator.deadline import Deadline
from orchestrator.predict.predictor import Predictor

MAX_BATCH = {"pnet": 64, "rnet": 256, "onet": 64, "embedder": 32, "generator": 128, "discriminator": 128}
"""Rows of one call, by model: 8 MB of tiles, 0.9 MB of crops each, 2 MB of chips, 0.1 MB of digits."""

CALLS_AT_ONCE = 2
"""Calls of one network for one picture that are under way together: one is computed while the next travels."""


async def predict_batches(
    predictor: Predictor,
    model: str,
    input_name: str,
    rows: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    deadline: Deadline,
    signature: str = SERVING_DEFAULT,
    version: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Returns the outputs for all rows in order, however many calls it takes.

    Args:
        predictor: Where the network runs.
        model: A name in `MAX_BATCH`.
        input_name: The model's only input.
        rows: [N, ...], N at least 1.
        deadline: Of all calls together.
        signature: A signature of the model.
        version: The version that must answer; None leaves it to the server.

    Raises:
        Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`. The first error
            ends the calls still under way.
    """
    size = MAX_BATCH[model]
    slots = asyncio.Semaphore(CALLS_AT_ONCE)

    async def call(start: int) -> dict[str, NDArray[Any]]:
        async with slots:
            batch = {input_name: rows[start : start + size]}
            return await predictor.predict(model, batch, deadline=deadline, signature=signature, version=version)

    if len(rows) <= size:
        return await call(0)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call(start)) for start in range(0, len(rows), size)]
    except BaseExceptionGroup as errors:
        # The other calls were cancelled because of the first error and have nothing to add.
        raise errors.exceptions[0] from None
    answers = [task.result() for task in tasks]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
