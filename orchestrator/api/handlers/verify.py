"""Verify: how far the faces of two pictures are apart, without the gallery."""

from collections.abc import Callable

import numpy as np

from exporters.signatures import EMBEDDERS
from facegrid.errors import InvalidRequest
from facegrid.v1 import face_pb2, verify_pb2
from orchestrator.api.concurrency import gather_or_cancel
from orchestrator.api.embedders import gallery_version, to_embedder
from orchestrator.api.pictures import Pictures
from orchestrator.api.quality import choose_face
from orchestrator.api.thresholds import verify_threshold
from orchestrator.api.wire.faces import to_faces, to_options
from orchestrator.deadline import Deadline
from orchestrator.types import DetectOptions, RecognizedFaces


class VerifyHandler:
    """Answers Verify.

    Args:
        pictures: Finds faces in them.
        version: Returns the version of the embedder for the current request: a key of `EMBEDDERS`.
    """

    def __init__(self, pictures: Pictures, version: Callable[[], int]) -> None:
        self._pictures = pictures
        self._version = version

    async def verify(self, request: verify_pb2.VerifyRequest, deadline: Deadline) -> verify_pb2.VerifyResponse:
        """Returns the distance between the faces of two pictures, and whether they are taken for one person.

        Raises:
            NoFace, ManyFaces, InvalidImage, LimitExceeded: About one of the pictures; the message names it.
            FacegridError: See `Pictures.recognize`; InvalidOption.
        """
        options, version = to_options(request.detect_options), self._version()
        threshold, false_match_rate = verify_threshold(request, version)
        first, second = await gather_or_cancel(
            [
                self._one_face(request.first, "first", options, version, deadline),
                self._one_face(request.second, "second", options, version, deadline),
            ]
        )
        distance = float(
            np.linalg.norm(np.subtract(first.embeddings.vectors[0], second.embeddings.vectors[0], dtype=np.float64))
        )
        return verify_pb2.VerifyResponse(
            distance=distance,
            threshold=threshold,
            same=distance <= threshold,
            false_match_rate=false_match_rate,
            first_face=to_faces(first.faces)[0],
            second_face=to_faces(second.faces)[0],
            embedder=to_embedder(gallery_version(EMBEDDERS[version])),
        )

    async def _one_face(
        self, portrait: face_pb2.Portrait, which: str, options: DetectOptions, version: int, deadline: Deadline
    ) -> RecognizedFaces:
        index = portrait.face_index if portrait.HasField("face_index") else None
        try:
            result = await self._pictures.recognize(
                portrait.image,
                options,
                deadline,
                version=version,
                choose=lambda faces: choose_face(faces, index),
            )
        except InvalidRequest as err:
            raise type(err)(f"{which} picture: {err.message}") from err
        return result.found
