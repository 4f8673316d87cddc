"""Discriminate: how real pictures of digits look."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import numpy as np

from facegrid.errors import InvalidOption
from facegrid.v1 import discriminate_pb2
from orchestrator.api.concurrency import in_order
from orchestrator.api.handlers.generate import BATCHES_AHEAD
from orchestrator.api.wire.digits import labels_of
from orchestrator.deadline import Deadline
from orchestrator.pipeline.digits import Digits, from_png, probabilities
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.predict.predictor import Predictor
from orchestrator.settings import Settings


class DiscriminateHandler:
    """Answers Discriminate.

    Args:
        predictor: Where the networks run.
        settings: The most pictures of a call.
    """

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        self._predictor = predictor
        self._max_count = settings.max_generate_count

    async def discriminate(
        self, request: discriminate_pb2.DiscriminateRequest, deadline: Deadline
    ) -> discriminate_pb2.DiscriminateResponse:
        """Returns the logit and the probability that each picture is real.

        Raises:
            InvalidLabels, InvalidImage, InvalidOption: The request is not valid.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        count = len(request.images)
        if not 1 <= count <= self._max_count:
            raise InvalidOption(f"there are {count:,} pictures, allowed are 1 to {self._max_count:,}")
        labels = labels_of(request.labels)
        images = await asyncio.to_thread(_decoded, request.images)
        size = MAX_BATCH["discriminator"]
        batches = (
            self._predictor.predict(
                "discriminator", {"images": batch, "labels": np.tile(labels, (len(batch), 1))}, deadline=deadline
            )
            for batch in (images[first : first + size] for first in range(0, count, size))
        )
        async with aclosing(in_order(batches, ahead=BATCHES_AHEAD)) as answers:
            logits = np.concatenate([answer["logits"] async for answer in answers])
        return discriminate_pb2.DiscriminateResponse(
            discriminations=[
                discriminate_pb2.Discrimination(logit=logit, probability=probability)
                for logit, probability in zip(logits.tolist(), probabilities(logits).tolist(), strict=True)
            ]
        )


def _decoded(images: Sequence[bytes]) -> Digits:
    return np.stack([from_png(data, number) for number, data in enumerate(images)])
