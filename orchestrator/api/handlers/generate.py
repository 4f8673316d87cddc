"""Generate: pictures of digits."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from facegrid.v1 import generate_pb2
from orchestrator.api.concurrency import in_order
from orchestrator.api.wire.digits import DigitOrder, to_order
from orchestrator.deadline import Deadline
from orchestrator.pipeline.digits import Digits, to_png
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.predict.predictor import Predictor
from orchestrator.settings import Settings
from orchestrator.types import Floats

BATCHES_AHEAD = 2
"""Batches of one call that are computed, or wait for their reader: one is computed while the other is sent."""


class GenerateHandler:
    """Answers Generate.

    Args:
        predictor: Where the networks run.
        settings: The most pictures of a call.
    """

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        self._predictor = predictor
        self._max_count = settings.max_generate_count

    async def generate(
        self, request: generate_pb2.GenerateRequest, deadline: Deadline
    ) -> AsyncGenerator[generate_pb2.GenerateResponse, None]:
        """Yields the pictures in their order, one batch of the generator in each message.

        Raises:
            InvalidLabels, InvalidOption: Before the first message.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        order = to_order(request, self._max_count)
        size = MAX_BATCH["generator"]
        batches = (
            self._draw(order, first, min(size, order.count - first), deadline) for first in range(0, order.count, size)
        )
        async with aclosing(in_order(batches, ahead=BATCHES_AHEAD)) as responses:
            async for response in responses:
                yield response

    async def _draw(
        self, order: DigitOrder, first: int, count: int, deadline: Deadline
    ) -> generate_pb2.GenerateResponse:
        noise = await asyncio.to_thread(order.noise_of, first, count)
        labels = np.tile(order.labels, (count, 1))
        drawn = await self._predictor.predict("generator", {"noise": noise, "labels": labels}, deadline=deadline)
        return await asyncio.to_thread(_response, drawn["images"], noise, order, first)


def _response(images: Digits, noise: Floats, order: DigitOrder, first: int) -> generate_pb2.GenerateResponse:
    encode = bytes if order.raw else to_png
    labels = order.labels.tolist()
    return generate_pb2.GenerateResponse(
        images=[
            generate_pb2.GeneratedImage(index=index, image=encode(image), noise=row, labels=labels)
            for index, (image, row) in enumerate(zip(images, noise.tolist(), strict=True), first)
        ]
    )
