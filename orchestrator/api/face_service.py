"""What FaceService does, without a word of gRPC: both hosts call this.

Methods take and return messages of facegrid.v1 and raise errors of `facegrid.errors`, nothing else.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from facegrid.v1 import detect_pb2
from orchestrator.api.convert import to_options, to_response
from orchestrator.api.status import public
from orchestrator.api.stream import answer_stream
from orchestrator.deadline import Deadline
from orchestrator.models.predictor import Predictor
from orchestrator.models.tf_serving import TfServingPredictor
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.settings import Settings


def build(settings: Settings) -> "FaceService":
    """Returns the service on top of the model servers that the settings name."""
    return FaceService(settings, TfServingPredictor(settings.targets()))


class FaceService:
    """Answers the methods of facegrid.v1.FaceService.

    Args:
        settings: Limits and times.
        predictor: Where the networks run.
    """

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        self._settings = settings
        self._predictor = predictor
        self._limits = ImageLimits(
            max_image_bytes=settings.max_image_bytes,
            max_image_px=settings.max_image_px,
            max_image_side_px=settings.max_image_side_px,
        )
        self._turns = asyncio.Semaphore(settings.max_images_at_once)

    async def start(self) -> None:
        """Opens the connections to the model servers, which need not be there yet."""
        await self._predictor.start()

    async def close(self) -> None:
        """Closes the connections; pictures under way fail."""
        await self._predictor.close()

    async def detect(
        self, request: detect_pb2.DetectRequest, *, timeout_s: float | None = None
    ) -> detect_pb2.DetectResponse:
        """Returns the faces of one picture.

        Args:
            request: The picture; `timeout_ms` is its budget.
            timeout_s: Time that the transport allows, if it knows; the shorter one counts.

        Raises:
            FacegridError: See `facegrid.errors`.
        """
        try:
            deadline = Deadline(self._budget_s(request.timeout_ms, timeout_s))
            async with asyncio.timeout(deadline.timeout_s):
                return await self._detect(request, deadline)
        except TimeoutError:
            raise deadline.exceeded() from None
        except Exception as err:
            raise public(err) from err

    def detect_stream(
        self, requests: AsyncIterator[detect_pb2.DetectStreamRequest]
    ) -> AsyncGenerator[detect_pb2.DetectStreamResponse, None]:
        """Returns an answer for each item in the order of completion, then the end; see the .proto.

        Raises:
            FacegridError: The caller broke the protocol; a bad item does not end the stream.
        """
        return answer_stream(
            requests,
            self.detect,
            window=self._settings.stream_window,
            max_id_bytes=self._settings.max_stream_id_bytes,
        )

    def _budget_s(self, timeout_ms: int, transport_s: float | None) -> float:
        asked = timeout_ms / 1000 if timeout_ms else self._settings.timeout_s
        return min(asked, self._settings.max_timeout_s, transport_s if transport_s is not None else asked)

    async def _detect(self, request: detect_pb2.DetectRequest, deadline: Deadline) -> detect_pb2.DetectResponse:
        options = to_options(request.options)
        async with self._turns:
            image = await asyncio.to_thread(decode, request.image, self._limits)
            found = await detect(
                image,
                options,
                self._predictor,
                max_candidates=self._settings.max_candidates,
                deadline=deadline,
            )
        return to_response(image, found)
