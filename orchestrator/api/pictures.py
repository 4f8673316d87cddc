"""Looks at pictures for every method that is sent some: limits and turns are the same for all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.deadline import Deadline
from orchestrator.observer import stage
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, count_px, decode, warnings_of
from orchestrator.pipeline.recognize import recognize_faces
from orchestrator.pipeline.watch import Sketch, sketch
from orchestrator.predict.limiter import Turns
from orchestrator.predict.predictor import Predictor
from orchestrator.predict.rules.admission import Admission
from orchestrator.settings import Settings
from orchestrator.threads import in_thread
from orchestrator.types import Detections, DetectOptions, Image, RecognizedFaces

Choose = Callable[[Detections], NDArray[np.intp]]
"""Returns which of the faces found are wanted; raises UnusableFace where none can be."""


@dataclass(frozen=True)
class Seen:
    """What was found in a picture."""

    width_px: int
    height_px: int
    """Of the upright picture."""
    faces: Detections
    warnings: list[str]
    """What is wrong with the file although its pixels can be read."""


@dataclass(frozen=True)
class Recognized:
    """What was found in a picture, with vectors."""

    width_px: int
    height_px: int
    """Of the upright picture."""
    people: RecognizedFaces


class Pictures:
    """Looks at pictures, so many and so many pixels at a time.

    Args:
        settings: Limits of a picture, and of the pictures worked on and waiting.
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
        self._least_cost = 1 / settings.max_images_at_once
        self._cost_per_px = 1 / settings.max_px_at_once
        self._turns = Turns(Admission(1.0, settings.max_images_queued, cost_is_time=True), "the queue for pictures")
        # Threads of their own: whether there is room for a picture is said at once, however many are being decoded.
        self._headers = ThreadPoolExecutor(2, thread_name_prefix="header")

    def close(self) -> None:
        """Gives back the threads."""
        self._headers.shutdown(wait=False)

    async def detect(self, encoded: bytes, options: DetectOptions, deadline: Deadline) -> Seen:
        """Returns the faces of an encoded picture, once it is its turn.

        Raises:
            InvalidImage, LimitExceeded: Not a picture, or too large.
            Overloaded: At once, where there are too many others.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        async with self._turn(encoded, deadline):
            image, faces = await self._look(encoded, options, deadline)
        return Seen(image.shape[1], image.shape[0], faces, warnings_of(encoded))

    async def recognize(
        self,
        encoded: bytes,
        options: DetectOptions,
        deadline: Deadline,
        *,
        version: int,
        choose: Choose | None = None,
    ) -> Recognized:
        """Returns the faces of an encoded picture with their vectors, once it is its turn.

        Args:
            encoded: A JPEG, PNG or WebP file.
            options: How to look for faces.
            deadline: When to give up.
            version: Of the embedder: a key of `exporters.signatures.EMBEDDERS`.
            choose: Says which faces are wanted; None: all.

        Raises:
            UnusableFace: As `choose` says.
            FacegridError: See `detect`.
        """
        async with self._turn(encoded, deadline):
            image, faces = await self._look(encoded, options, deadline)
            wanted = faces if choose is None else faces.take(choose(faces))
            people = await recognize_faces(image, wanted, self._predictor, version=version, deadline=deadline)
        return Recognized(image.shape[1], image.shape[0], people)

    async def sketch(
        self, encoded: bytes, options: DetectOptions, deadline: Deadline, *, version: int, look: bool
    ) -> tuple[Sketch, RecognizedFaces | None]:
        """Returns what a frame of a video is followed by, and, where it is to be looked at, its faces.

        Args:
            encoded: A JPEG, PNG or WebP file.
            options: How to look for faces.
            deadline: When to give up.
            version: Of the embedder: a key of `exporters.signatures.EMBEDDERS`.
            look: Whether to look for faces.

        Raises:
            FacegridError: See `detect`.
        """
        async with self._turn(encoded, deadline):
            if not look:
                image = await in_thread(decode, encoded, self._limits)
                return await in_thread(sketch, image), None
            image, faces = await self._look(encoded, options, deadline)
            people = await recognize_faces(image, faces, self._predictor, version=version, deadline=deadline)
            return await in_thread(sketch, image), people

    @asynccontextmanager
    async def _turn(self, encoded: bytes, deadline: Deadline) -> AsyncIterator[None]:
        """Waits until it is the picture's turn, which lasts as long as the block."""
        # Where nothing is taken any more, not even the header is looked at: refusing must cost next to nothing.
        self._turns.check(self._least_cost, timeout_s=deadline.remaining_s())
        px = await asyncio.get_running_loop().run_in_executor(self._headers, count_px, encoded, self._limits)
        cost = max(px * self._cost_per_px, self._least_cost)
        async with AsyncExitStack() as stack:
            with stage("turn"), deadline.waiting_for("its turn"):
                await stack.enter_async_context(self._turns.take(cost, timeout_s=deadline.remaining_s()))
            yield

    async def _look(self, encoded: bytes, options: DetectOptions, deadline: Deadline) -> tuple[Image, Detections]:
        image = await in_thread(decode, encoded, self._limits)
        faces = await detect(image, options, self._predictor, max_candidates=self._max_candidates, deadline=deadline)
        return image, faces
