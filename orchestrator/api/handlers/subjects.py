"""ListSubjects, GetSubject and DeleteSubject: the enrolled people."""

from facegrid.errors import InvalidOption
from facegrid.v1 import subject_pb2
from orchestrator.api.embedders import to_embedder
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import MAX_PAGE_SIZE, Gallery
from orchestrator.gallery.types import StoredFace, StoredSubject

DEFAULT_PAGE_SIZE = 100


class SubjectsHandler:
    """Answers ListSubjects, GetSubject and DeleteSubject.

    Args:
        gallery: Holds the subjects.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    async def list_subjects(
        self, request: subject_pb2.ListSubjectsRequest, deadline: Deadline
    ) -> subject_pb2.ListSubjectsResponse:
        """Returns a page of subjects.

        Raises:
            InvalidOption: The page's size is out of its range, or the token is not one of this service.
            GalleryUnavailable: The gallery cannot be read.
        """
        if request.page_size > MAX_PAGE_SIZE:
            raise InvalidOption(f"page_size is {request.page_size}, allowed are 0 to {MAX_PAGE_SIZE}")
        with deadline.waiting_for("the gallery"):
            page = await self._gallery.subjects(
                page_size=request.page_size or DEFAULT_PAGE_SIZE, page_token=request.page_token
            )
        return subject_pb2.ListSubjectsResponse(
            subjects=[_subject(one) for one in page.subjects], next_page_token=page.next_page_token
        )

    async def get_subject(
        self, request: subject_pb2.GetSubjectRequest, deadline: Deadline
    ) -> subject_pb2.GetSubjectResponse:
        """Returns one subject and its faces.

        Raises:
            InvalidSubject, SubjectNotFound, GalleryUnavailable: See `Gallery.get_subject`.
        """
        with deadline.waiting_for("the gallery"):
            subject, faces = await self._gallery.get_subject(request.subject)
        return subject_pb2.GetSubjectResponse(subject=_subject(subject), faces=[_face(one) for one in faces])

    async def delete_subject(
        self, request: subject_pb2.DeleteSubjectRequest, deadline: Deadline
    ) -> subject_pb2.DeleteSubjectResponse:
        """Erases a person, and returns what was erased.

        Raises:
            InvalidSubject, SubjectNotFound, GalleryUnavailable: See `Gallery.delete_subject`.
        """
        with deadline.waiting_for("the gallery"):
            erased = await self._gallery.delete_subject(request.subject)
        return subject_pb2.DeleteSubjectResponse(
            subject=erased.subject, erased_vectors=erased.vectors, erased_chips=erased.chips, pending=erased.pending
        )


def _subject(subject: StoredSubject) -> subject_pb2.Subject:
    message = subject_pb2.Subject(name=subject.name, faces=subject.faces)
    message.first_enrolled_at.FromDatetime(subject.first_enrolled_at)
    message.last_enrolled_at.FromDatetime(subject.last_enrolled_at)
    return message


def _face(face: StoredFace) -> subject_pb2.GalleryFace:
    message = subject_pb2.GalleryFace(
        id=face.face_id,
        embedder=to_embedder(face.embedder),
        score=face.score,
        face_px=face.face_px,
        has_chip=face.has_chip,
    )
    message.enrolled_at.FromDatetime(face.enrolled_at)
    return message
