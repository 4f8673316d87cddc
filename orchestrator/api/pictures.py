"""Looks at pictures for every method that is sent some: limits and turns are the same for all."""

import asyncio
from dataclasses import dataclass

from orchestrator.deadline import Deadline
from orchestrator.models.predictor import Predictor
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.settings import Settings
from orchestrator.types import Detections, DetectOptions


@dataclass(frozen=True)
class Seen:
    """What was found in a picture."""

    width_px: int
    height_px: int
    """Of the upright picture."""
    faces: Detections


class Pictures:
    """Looks at pictures, so many at a time.

    Args:
        settings: Limits of a picture and of the number of pictures.
        predictor: Where the networks run.
    """

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        self._predictor = predictor
        self._max_candidates = settings.max_candidates
        self._limits = ImageLimits(
            max_image_bytes=settings.max_image_bytes,
            max_image_px=settings.max_image_px,
            max_image_side_px=settings.max_image_side_px,
        )
        self._turns = asyncio.Semaphore(settings.max_images_at_once)

    async def detect(self, encoded: bytes, options: DetectOptions, deadline: Deadline) -> Seen:
        """Returns the faces of an encoded picture, once it is its turn.

        Raises:
            InvalidImage, LimitExceeded: Not a picture, or too large.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        async with self._turns:
            image = await asyncio.to_thread(decode, encoded, self._limits)
            faces = await detect(
                image, options, self._predictor, max_candidates=self._max_candidates, deadline=deadline
            )
        return Seen(image.shape[1], image.shape[0], faces)
