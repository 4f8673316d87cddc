"""Detect: the faces of a picture."""

from facegrid.v1 import detect_pb2
from orchestrator.api.pictures import Pictures
from orchestrator.api.wire.faces import to_faces, to_options
from orchestrator.deadline import Deadline


class DetectHandler:
    """Answers Detect."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def detect(self, request: detect_pb2.DetectRequest, deadline: Deadline) -> detect_pb2.DetectResponse:
        """Returns the faces of one picture.

        Raises:
            FacegridError: See `Pictures.detect`; InvalidOption.
        """
        result = await self._pictures.detect(request.image, to_options(request.options), deadline)
        return detect_pb2.DetectResponse(
            faces=to_faces(result.found),
            image_width_px=result.width_px,
            image_height_px=result.height_px,
            dropped_candidates=result.found.dropped_candidates,
            warnings=result.warnings,
        )
