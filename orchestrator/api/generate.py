"""Generate and Discriminate: pictures of digits, and how real they look."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facegrid.errors import InvalidOption
from facegrid.v1 import discriminate_pb2, generate_pb2
from orchestrator.api.digit_request import DigitOrder, labels_of, to_order
from orchestrator.api.shared_work import in_order
from orchestrator.deadline import Deadline
from orchestrator.pipeline.digits import Digits, from_png, probabilities, to_png
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.predict.predictor import Arrays, Predictor
from orchestrator.settings import Settings
from orchestrator.types import Floats

_BATCHES_AHEAD = 2
"""Batches of one call under way, or waiting for their reader: one is computed while the other travels."""


class Generation:
    """Answers Generate and Discriminate.

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
        """Yields the pictures in their order, a batch of the generator in each message.

        Raises:
            InvalidLabels, InvalidOption: Before the first message.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        order = to_order(request, self._max_count)
        size = MAX_BATCH["generator"]
        batches = (
            self._draw(order, first, min(size, order.count - first), deadline) for first in range(0, order.count, size)
        )
        async with aclosing(in_order(batches, ahead=_BATCHES_AHEAD)) as responses:
            async for response in responses:
                yield response

    async def discriminate(
        self, request: discriminate_pb2.DiscriminateRequest, deadline: Deadline
    ) -> discriminate_pb2.DiscriminateResponse:
        """Returns what the discriminator takes each picture for.

        Raises:
            InvalidLabels, InvalidImage, InvalidOption: Of the request.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        count = len(request.images)
        if not 1 <= count <= self._max_count:
            raise InvalidOption(f"there are {count:,} pictures, allowed are 1 to {self._max_count:,}")
        labels = labels_of(request.labels)
        images = await asyncio.to_thread(_decoded, request.images)
        size = MAX_BATCH["discriminator"]
        batches = (
            self._predict("discriminator", {"images": batch, "labels": np.tile(labels, (len(batch), 1))}, deadline)
            for batch in (images[first : first + size] for first in range(0, count, size))
        )
        async with aclosing(in_order(batches, ahead=_BATCHES_AHEAD)) as answers:
            logits = np.concatenate([answer["logits"] async for answer in answers])
        return discriminate_pb2.DiscriminateResponse(
            discriminations=[
                discriminate_pb2.Discrimination(logit=logit, probability=probability)
                for logit, probability in zip(logits.tolist(), probabilities(logits).tolist(), strict=True)
            ]
        )

    async def _draw(
        self, order: DigitOrder, first: int, count: int, deadline: Deadline
    ) -> generate_pb2.GenerateResponse:
        noise = await asyncio.to_thread(order.noise_of, first, count)
        labels = np.tile(order.labels, (count, 1))
        drawn = await self._predict("generator", {"noise": noise, "labels": labels}, deadline)
        return await asyncio.to_thread(_response, drawn["images"], noise, order, first)

    async def _predict(self, model: str, inputs: Arrays, deadline: Deadline) -> dict[str, NDArray[Any]]:
        return await self._predictor.predict(model, inputs, deadline=deadline)


def _decoded(images: Sequence[bytes]) -> Digits:
    return np.stack([from_png(data, number) for number, data in enumerate(images)])


def _response(images: Digits, noise: Floats, order: DigitOrder, first: int) -> generate_pb2.GenerateResponse:
    encode = bytes if order.raw else to_png
    labels = order.labels.tolist()
    return generate_pb2.GenerateResponse(
        images=[
            generate_pb2.GeneratedImage(index=index, image=encode(image), noise=row, labels=labels)
            for index, (image, row) in enumerate(zip(images, noise.tolist(), strict=True), first)
        ]
    )
