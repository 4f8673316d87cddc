"""Identify: the people in a picture."""

from collections.abc import Sequence

from facegrid.errors import InvalidOption
from facegrid.v1 import face_pb2, identify_pb2
from orchestrator.api.embedders import gallery_embedder, gallery_version, to_embedder
from orchestrator.api.pictures import Pictures
from orchestrator.api.thresholds import identify_threshold
from orchestrator.api.wire.faces import to_faces, to_options
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, Match, Matches
from orchestrator.pipeline.naming import name_faces
from orchestrator.settings import Settings
from orchestrator.types import Floats

DEFAULT_TOP_K = 5
MAX_TOP_K = 100


class IdentifyHandler:
    """Answers Identify.

    Args:
        pictures: Finds faces in them.
        gallery: Holds the enrolled people.
        settings: The embedder of a new gallery.
    """

    def __init__(self, pictures: Pictures, gallery: Gallery, settings: Settings) -> None:
        self._pictures = pictures
        self._gallery = gallery
        self._version = settings.embedder_version

    async def identify(
        self, request: identify_pb2.IdentifyRequest, deadline: Deadline
    ) -> identify_pb2.IdentifyResponse:
        """Returns the subject of each face of a picture.

        Raises:
            GalleryMismatch, GalleryUnavailable: See `Gallery.search`.
            FacegridError: See `Pictures.recognize`; InvalidOption.
        """
        options, top_k = to_options(request.detect_options), to_top_k(request.identify_options)
        contract = await gallery_embedder(self._gallery, self._version, deadline)
        embedder = gallery_version(contract)
        with deadline.waiting_for("the gallery"):
            gallery_faces = await self._gallery.size(embedder)
        threshold, rate = identify_threshold(request.identify_options, contract.version, gallery_faces)
        picture = await self._pictures.recognize(request.image, options, deadline, version=contract.version)
        found = await self._search(picture.found.embeddings.vectors, embedder, top_k, deadline)
        return identify_pb2.IdentifyResponse(
            identifications=_identifications(to_faces(picture.found.faces), found, threshold, top_k),
            image_width_px=picture.width_px,
            image_height_px=picture.height_px,
            dropped_candidates=picture.found.faces.dropped_candidates,
            threshold=threshold,
            false_positive_rate=rate,
            embedder=to_embedder(embedder),
        )

    async def _search(
        self, vectors: Floats, embedder: EmbedderVersion, top_k: int, deadline: Deadline
    ) -> list[Matches]:
        # With N faces, a face gets one of its N nearest subjects or none. The second subject is for the margin.
        k = max(top_k, len(vectors), 2)
        with deadline.waiting_for("the gallery"):
            return await self._gallery.search(vectors, embedder, k=k)


def to_top_k(options: identify_pb2.IdentifyOptions) -> int:
    """Returns the number of candidates that the caller asks for.

    Raises:
        InvalidOption: It is out of its range.
    """
    top_k = options.top_k if options.HasField("top_k") else DEFAULT_TOP_K
    if not 1 <= top_k <= MAX_TOP_K:
        raise InvalidOption(f"top_k is {top_k}, allowed are 1 to {MAX_TOP_K}")
    return top_k


def _identifications(
    faces: Sequence[face_pb2.Face], found: Sequence[Matches], threshold: float, top_k: int
) -> list[identify_pb2.Identification]:
    near = [[(match.subject, match.distance) for match in one.best] for one in found]
    names = name_faces(near, threshold=threshold)
    return [_identification(face, one.best, name, top_k) for face, one, name in zip(faces, found, names, strict=True)]


def _identification(
    face: face_pb2.Face, matches: Sequence[Match], name: str | None, top_k: int
) -> identify_pb2.Identification:
    """Returns the answer for one face; `matches` are nearest first."""
    answer = identify_pb2.Identification(face=face, subject=name)
    for match in matches[:top_k]:
        answer.candidates.add(subject=match.subject, distance=match.distance)
    who = next((match for match in matches if name in {None, match.subject}), None)
    if who is not None:
        answer.distance = who.distance
        other = next((match for match in matches if match.subject != who.subject), None)
        if other is not None:
            answer.margin = other.distance - who.distance
    return answer
