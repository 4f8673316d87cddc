"""Enroll: pictures of a person into the gallery, each decided on its own."""

import asyncio
from functools import partial

import numpy as np
from numpy.typing import NDArray

from facegrid.errors import FacegridError, InvalidRequest, LimitExceeded
from facegrid.v1 import enroll_pb2, face_pb2
from orchestrator.api.concurrency import gather_or_cancel
from orchestrator.api.embedders import gallery_embedder, gallery_version, to_embedder
from orchestrator.api.pictures import Pictures
from orchestrator.api.quality import QualityGate, choose_face, shorter_sides_px, to_gate
from orchestrator.api.status import to_message
from orchestrator.api.wire.faces import to_faces, to_options
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.subjects import normal_subject
from orchestrator.gallery.types import NewFace
from orchestrator.pipeline.chips import encode_chip
from orchestrator.settings import Settings
from orchestrator.types import Detections, RecognizedFaces


class EnrollHandler:
    """Answers Enroll.

    Args:
        pictures: Finds faces in them.
        gallery: Keeps the faces.
        settings: The bound on pictures, and the embedder of a new gallery.
    """

    def __init__(self, pictures: Pictures, gallery: Gallery, settings: Settings) -> None:
        self._pictures = pictures
        self._gallery = gallery
        self._max_images = settings.max_enroll_images
        self._version = settings.embedder_version

    async def enroll(self, request: enroll_pb2.EnrollRequest, deadline: Deadline) -> enroll_pb2.EnrollResponse:
        """Returns a face's id or an error for each picture.

        Faces are found in all pictures first; those that pass the gate are then written together. When the deadline
        passes before that, nothing is enrolled. When it passes during the write, the faces may or may not be
        enrolled, and the caller may repeat the call.

        Raises:
            InvalidSubject: The subject is not a valid name.
            InvalidRequest, LimitExceeded: There is no picture, or there are too many.
            GalleryMismatch, GalleryUnavailable: See `Gallery.enroll`.
            InvalidOption: An option is out of its range.
            FacegridError: See `Pictures.recognize`; an error of a single picture is in the answer instead.
        """
        subject = normal_subject(request.subject)
        options, gate = to_options(request.detect_options), to_gate(request.enroll_options)
        self._check_number(len(request.images))
        contract = await gallery_embedder(self._gallery, self._version, deadline)
        embedder = gallery_version(contract)

        async def recognize(portrait: face_pb2.Portrait) -> RecognizedFaces | FacegridError:
            index = portrait.face_index if portrait.HasField("face_index") else None
            choose = partial(_choose, index=index, gate=gate)
            try:
                result = await self._pictures.recognize(
                    portrait.image, options, deadline, version=contract.version, choose=choose
                )
            except InvalidRequest as err:  # about this picture alone
                return err
            return result.found

        recognized = await gather_or_cancel(recognize(portrait) for portrait in request.images)
        good = [people for people in recognized if isinstance(people, RecognizedFaces)]
        with deadline.waiting_for("the gallery"):
            faces = await asyncio.to_thread(lambda: [_new_face(people) for people in good])
            kept = iter(await self._gallery.enroll(subject, faces, embedder))
        results = [one if isinstance(one, FacegridError) else _kept(next(kept), one) for one in recognized]
        return enroll_pb2.EnrollResponse(
            subject=subject, results=[_result(one) for one in results], embedder=to_embedder(embedder)
        )

    def _check_number(self, images: int) -> None:
        if not images:
            raise InvalidRequest("there are 0 pictures to enrol, at least 1 is needed")
        if images > self._max_images:
            raise LimitExceeded(
                f"there are {images} pictures to enrol, at most {self._max_images} are accepted at a time"
            )


def _choose(faces: Detections, *, index: int | None, gate: QualityGate) -> NDArray[np.intp]:
    """Returns the position of the chosen face [1]; raises UnusableFace where it is not good enough."""
    chosen = choose_face(faces, index)
    gate.check(faces.take(chosen))
    return chosen


def _new_face(people: RecognizedFaces) -> NewFace:
    return NewFace(
        vector=people.embeddings.vectors[0],
        score=float(people.faces.scores[0]),
        face_px=float(shorter_sides_px(people.faces)[0]),
        chip=encode_chip(people.chips[0]),
    )


def _kept(answer: str | FacegridError, people: RecognizedFaces) -> enroll_pb2.EnrolledFace | FacegridError:
    if isinstance(answer, FacegridError):
        return answer
    return enroll_pb2.EnrolledFace(id=answer, face=to_faces(people.faces)[0])


def _result(one: enroll_pb2.EnrolledFace | FacegridError) -> enroll_pb2.EnrollResponse.Result:
    if isinstance(one, FacegridError):
        return enroll_pb2.EnrollResponse.Result(error=to_message(one))
    return enroll_pb2.EnrollResponse.Result(enrolled=one)
