"""Detect: where are the faces?"""

from facegrid.v1 import detect_pb2
from orchestrator.api.convert import to_faces, to_options
from orchestrator.api.pictures import Pictures
from orchestrator.deadline import Deadline


class Detection:
    """Answers Detect."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def detect(self, request: detect_pb2.DetectRequest, deadline: Deadline) -> detect_pb2.DetectResponse:
        """Returns the faces of one picture.

        Raises:
            FacegridError: See `Pictures.detect`; InvalidOption.
        """
        seen = await self._pictures.detect(request.image, to_options(request.options), deadline)
        return detect_pb2.DetectResponse(
            faces=to_faces(seen.faces),
            image_width_px=seen.width_px,
            image_height_px=seen.height_px,
            dropped_candidates=seen.faces.dropped_candidates,
            warnings=seen.warnings,
        )
