"""Embed: the faces of a picture as vectors."""

from collections.abc import Callable

from exporters.signatures import EMBEDDERS
from facegrid.v1 import embed_pb2
from orchestrator.api.embedders import gallery_version, to_embedder
from orchestrator.api.pictures import Pictures
from orchestrator.api.wire.faces import to_faces, to_options
from orchestrator.deadline import Deadline


class EmbedHandler:
    """Answers Embed.

    Args:
        pictures: Finds faces in them.
        version: Returns the version of the embedder for the current request: a key of `EMBEDDERS`.
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
        result = await self._pictures.recognize(request.image, options, deadline, version=version)
        people = result.found
        embeddings = [
            embed_pb2.Embedding(face=face, vector=vector.tolist(), embedder=embedder)
            for face, vector in zip(to_faces(people.faces), people.embeddings.vectors, strict=True)
        ]
        return embed_pb2.EmbedResponse(
            embeddings=embeddings,
            image_width_px=result.width_px,
            image_height_px=result.height_px,
            dropped_candidates=people.faces.dropped_candidates,
        )
