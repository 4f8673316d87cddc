"""Embed and Verify: faces as vectors, and how far two are apart. Neither needs the gallery."""

from collections.abc import Callable

import numpy as np

from exporters.signatures import EMBEDDERS
from facegrid.errors import InvalidRequest
from facegrid.v1 import embed_pb2, face_pb2, verify_pb2
from orchestrator.api.convert import to_faces, to_options
from orchestrator.api.embedders import gallery_version, to_embedder
from orchestrator.api.pictures import Pictures
from orchestrator.api.quality import choose_face
from orchestrator.api.shared_work import gather_or_cancel
from orchestrator.api.thresholds import verify_threshold
from orchestrator.deadline import Deadline
from orchestrator.types import DetectOptions, RecognizedFaces


class Recognition:
    """Answers Embed and Verify.

    Args:
        pictures: Looks at them.
        version: Returns the version of the embedder that answers the request under way: a key of `EMBEDDERS`.
    """

    def __init__(self, pictures: Pictures, version: Callable[[], int]) -> None:
        self._pictures = pictures
        self._version = version

    async def embed(self, request: embed_pb2.EmbedRequest, deadline: Deadline) -> embed_pb2.EmbedResponse:
        """Returns the faces of one picture as vectors.

        Raises:
            FacegridError: See `Pictures.recognize`; InvalidOption.
        """
        options, version = to_options(request.detect_options), self._version()
        embedder = to_embedder(gallery_version(EMBEDDERS[version]))
        seen = await self._pictures.recognize(request.image, options, deadline, version=version)
        people = seen.people
        embeddings = [
            embed_pb2.Embedding(face=face, vector=vector.tolist(), embedder=embedder)
            for face, vector in zip(to_faces(people.faces), people.embeddings.vectors, strict=True)
        ]
        return embed_pb2.EmbedResponse(
            embeddings=embeddings,
            image_width_px=seen.width_px,
            image_height_px=seen.height_px,
            dropped_candidates=people.faces.dropped_candidates,
        )

    async def verify(self, request: verify_pb2.VerifyRequest, deadline: Deadline) -> verify_pb2.VerifyResponse:
        """Returns how far the faces of two pictures are apart, and what follows.

        Raises:
            NoFace, ManyFaces, InvalidImage, LimitExceeded: Of one of the pictures; the message says which.
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
            seen = await self._pictures.recognize(
                portrait.image,
                options,
                deadline,
                version=version,
                choose=lambda faces: choose_face(faces, index),
            )
        except InvalidRequest as err:
            raise type(err)(f"{which} picture: {err.message}") from err
        return seen.people
