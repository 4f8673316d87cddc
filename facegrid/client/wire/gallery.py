"""Enrolment and the people of the gallery: between the client's types and the messages on the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from facegrid.answers.gallery import (
    EnrolledFace,
    Enrollment,
    EnrollOptions,
    Erasure,
    GalleryFace,
    Refusal,
    Subject,
    SubjectDetails,
)
from facegrid.client.status import error_of_item
from facegrid.client.wire.faces import Options, face_of, fill, options_message, timeout_ms
from facegrid.client.wire.people import embedder_of
from facegrid.errors import InvalidSubject
from facegrid.v1 import enroll_pb2, face_pb2, subject_pb2

_PAGE_SIZE = 1000


def enroll_request(
    timeout_s: float | None,
    subject: str,
    gate: Options,
    options: Options,
    portraits: Sequence[face_pb2.Portrait] = (),
) -> enroll_pb2.EnrollRequest:
    """Returns the message that enrols pictures of one person.

    Args:
        timeout_s: Time the service may spend.
        subject: Name of the person.
        gate: What a face must be like; see `EnrollOptions`.
        options: How to look for faces.
        portraits: The pictures.

    Raises:
        TypeError: there is no option of that name, or the subject is not a str.
        InvalidSubject, InvalidOption: a value cannot be sent.
    """
    return enroll_pb2.EnrollRequest(
        subject=subject_name(subject),
        images=portraits,
        detect_options=options_message(options),
        enroll_options=fill(enroll_pb2.EnrollOptions(), gate, tuple(EnrollOptions.__annotations__)),
        timeout_ms=timeout_ms(timeout_s),
    )


def list_subjects_request(timeout_s: float | None, page_token: str) -> subject_pb2.ListSubjectsRequest:
    """Returns the message that asks for a page of subjects; "" is the token of the first page."""
    return subject_pb2.ListSubjectsRequest(
        page_size=_PAGE_SIZE, page_token=page_token, timeout_ms=timeout_ms(timeout_s)
    )


def get_subject_request(timeout_s: float | None, name: str) -> subject_pb2.GetSubjectRequest:
    """Returns the message that asks what is kept of a person; raises what `subject_name` does."""
    return subject_pb2.GetSubjectRequest(subject=subject_name(name), timeout_ms=timeout_ms(timeout_s))


def delete_subject_request(timeout_s: float | None, name: str) -> subject_pb2.DeleteSubjectRequest:
    """Returns the message that deletes a person; raises what `subject_name` does."""
    return subject_pb2.DeleteSubjectRequest(subject=subject_name(name), timeout_ms=timeout_ms(timeout_s))


def enrollment_of(response: enroll_pb2.EnrollResponse, first_index: int = 0) -> Enrollment:
    """Returns the outcome for each picture; the first of them is numbered `first_index`."""
    enrolled, refused = [], []
    for index, result in enumerate(response.results, first_index):
        if result.WhichOneof("result") == "enrolled":
            enrolled.append(EnrolledFace(index, result.enrolled.id, face_of(result.enrolled.face)))
        else:
            refused.append(Refusal(index, error_of_item(result.error)))
    return Enrollment(response.subject, enrolled, refused)


def enrolled_of(response: enroll_pb2.EnrollResponse) -> EnrolledFace:
    """Returns the face of the only picture.

    Raises:
        FacegridError: it was refused.
    """
    outcome = enrollment_of(response)
    if outcome.refused:
        raise outcome.refused[0].error
    return outcome.enrolled[0]


def subject_name(name: str) -> str:
    """Returns the name unchanged; the service checks the rest.

    Raises:
        TypeError: it is not a str.
        InvalidSubject: it is a str that UTF-8 cannot encode.
    """
    if not isinstance(name, str):
        raise TypeError(f"a subject's name is a str, got {type(name).__name__}")
    try:
        name.encode()
    except UnicodeEncodeError as err:
        raise InvalidSubject(f"the subject's name has half of a surrogate pair at {err.start}") from err
    return name


def page_of(response: subject_pb2.ListSubjectsResponse) -> tuple[list[Subject], str | None]:
    """Returns the subjects of a page, and the token of the next one; None after the last."""
    return [subject_of(one) for one in response.subjects], response.next_page_token or None


def subject_of(message: subject_pb2.Subject) -> Subject:
    """Returns a subject of the gallery."""
    return Subject(message.name, message.faces, _moment(message.first_enrolled_at), _moment(message.last_enrolled_at))


def subject_details_of(response: subject_pb2.GetSubjectResponse) -> SubjectDetails:
    """Returns a subject with the faces that are enrolled."""
    faces = [
        GalleryFace(one.id, embedder_of(one.embedder), _moment(one.enrolled_at), one.score, one.face_px, one.has_chip)
        for one in response.faces
    ]
    return SubjectDetails(subject_of(response.subject), faces)


def erasure_of(response: subject_pb2.DeleteSubjectResponse) -> Erasure:
    """Returns what was erased."""
    return Erasure(response.subject, response.erased_vectors, response.erased_chips, response.pending)


def _moment(message: Timestamp) -> datetime:
    return message.ToDatetime(UTC)
