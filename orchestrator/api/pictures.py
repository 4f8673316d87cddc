"""Finds faces in pictures for every method that receives some, with the same limits and the same queue for all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from orchestrator.api.work_time import work
from orchestrator.deadline import Deadline
from orchestrator.observer import stage
from orchestrator.pipeline.decode import ImageLimits, count_px, decode, warnings_of
from orchestrator.pipeline.recognize import find_faces, recognize_faces
from orchestrator.pipeline.watch import FrameSketch, sketch
from orchestrator.predict.limiter import Limiter
from orchestrator.predict.predictor import Predictor
from orchestrator.predict.rules.admission import AdmissionQueue
from orchestrator.settings import Settings
from orchestrator.threads import in_thread
from orchestrator.types import Detections, DetectOptions, Image, RecognizedFaces

Choose = Callable[[Detections], NDArray[np.intp]]
"""Returns the positions of the wanted faces; raises UnusableFace where none of them will do."""


Found = TypeVar("Found", Detections, RecognizedFaces)


@dataclass(frozen=True)
class PictureResult(Generic[Found]):
    """The size of a picture, upright, and its faces."""

    width_px: int
    height_px: int
    found: Found
    warnings: Sequence[str] = ()
    """What is wrong with the file although its pixels can be read."""


class Pictures:
    """Finds faces in pictures; bounds how many pictures and pixels are worked on at a time.

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
        self._limiter = Limiter(
            AdmissionQueue(1.0, settings.max_images_queued, cost_is_time=True), "the queue for pictures"
        )
        # Threads of their own, so that a picture is refused at once, however many others are being decoded.
        self._headers = ThreadPoolExecutor(2, thread_name_prefix="header")

    def close(self) -> None:
        """Ends the threads."""
        self._headers.shutdown(wait=False)

    async def detect(self, encoded: bytes, options: DetectOptions, deadline: Deadline) -> PictureResult[Detections]:
        """Returns the faces of an encoded picture, after waiting for its turn.

        Raises:
            InvalidImage, LimitExceeded: Not a picture, or too large.
            Overloaded: At once, where too many others wait.
            Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
        """
        async with self._turn(encoded, deadline):
            image, faces = await self._find_faces(encoded, options, deadline)
        return PictureResult(image.shape[1], image.shape[0], faces, warnings_of(encoded))

    async def recognize(
        self,
        encoded: bytes,
        options: DetectOptions,
        deadline: Deadline,
        *,
        version: int,
        choose: Choose | None = None,
    ) -> PictureResult[RecognizedFaces]:
        """Returns the faces of an encoded picture with their vectors, after waiting for its turn.

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
            image, faces = await self._find_faces(encoded, options, deadline)
            wanted = faces if choose is None else faces.take(choose(faces))
            people = await recognize_faces(image, wanted, self._predictor, version=version, deadline=deadline)
        return PictureResult(image.shape[1], image.shape[0], people)

    async def sketch(
        self, encoded: bytes, options: DetectOptions, deadline: Deadline, *, version: int, look: bool
    ) -> tuple[FrameSketch, RecognizedFaces | None]:
        """Returns the sketch of a video's frame, by which faces are followed, and the frame's faces if `look` is set.

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
            image, faces = await self._find_faces(encoded, options, deadline)
            people = await recognize_faces(image, faces, self._predictor, version=version, deadline=deadline)
            return await in_thread(sketch, image), people

    @asynccontextmanager
    async def _turn(self, encoded: bytes, deadline: Deadline) -> AsyncIterator[None]:
        """Waits until it is the picture's turn, which lasts as long as the block."""
        # A full queue refuses before it reads the header: refusing must cost next to nothing.
        self._limiter.check(self._least_cost, deadline=deadline)
        px = await asyncio.get_running_loop().run_in_executor(self._headers, count_px, encoded, self._limits)
        cost = max(px * self._cost_per_px, self._least_cost)
        async with AsyncExitStack() as stack:
            with stage("turn"), deadline.waiting_for("its turn"):
                await stack.enter_async_context(self._limiter.acquire(cost, deadline=deadline))
            with work():
                yield

    async def _find_faces(self, encoded: bytes, options: DetectOptions, deadline: Deadline) -> tuple[Image, Detections]:
        return await find_faces(
            encoded,
            options,
            self._predictor,
            limits=self._limits,
            max_candidates=self._max_candidates,
            deadline=deadline,
        )
