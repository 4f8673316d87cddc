"""Between the client's types of recognition and the messages on the wire."""

from collections.abc import Mapping
from datetime import UTC, datetime
from numbers import Real
from typing import Any

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from facegrid.answers.faces import ImageSource
from facegrid.answers.gallery import EnrolledFace, Enrollment, Erasure, GalleryFace, Refusal, Subject, SubjectDetails
from facegrid.answers.people import (
    Candidate,
    Embedder,
    Embedding,
    Identification,
    IdentifiedPicture,
    Metric,
    Portrait,
    Verification,
)
from facegrid.client.status import error_of_item
from facegrid.client.wire.faces import face_of, whole_number
from facegrid.client.wire.images import encode_image
from facegrid.errors import InvalidOption, InvalidSubject
from facegrid.v1 import embed_pb2, embedder_pb2, enroll_pb2, face_pb2, identify_pb2, subject_pb2, verify_pb2

_METRICS: dict[int, Metric] = {
    embedder_pb2.Embedder.METRIC_EUCLIDEAN_RAW: "euclidean, raw",
    embedder_pb2.Embedder.METRIC_EUCLIDEAN_UNIT: "euclidean, unit",
}


def portrait_message(source: ImageSource | Portrait) -> face_pb2.Portrait:
    """Returns a picture with the face chosen in it.

    Raises:
        InvalidImage: it is no picture; see `encode_image`.
        InvalidOption: `face_index` is not a whole number of at least 0.
        OSError: the file cannot be read.
    """
    image, index = (source.image, source.face_index) if isinstance(source, Portrait) else (source, None)
    return face_pb2.Portrait(image=encode_image(image), face_index=whole_number("face_index", index, least=0))


def split_options(options: Mapping[str, Any], *decisions: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the one of the `decisions` that is chosen, if any is, and all other options.

    Raises:
        InvalidOption: several are chosen, or one is no number.
    """
    chosen = {name: options[name] for name in decisions if options.get(name) is not None}
    if len(chosen) > 1:
        raise InvalidOption(f"{' and '.join(chosen)} exclude each other")
    for name, value in chosen.items():
        if not isinstance(value, Real) or isinstance(value, bool):
            raise InvalidOption(f"{name} must be a number, got {value!r}")
    others = {name: value for name, value in options.items() if name not in decisions}
    return {name: float(value) for name, value in chosen.items()}, others


def embeddings_of(response: embed_pb2.EmbedResponse) -> list[Embedding]:
    """Returns the faces as vectors."""
    return [
        Embedding(face_of(one.face), np.array(one.vector, np.float32), embedder_of(one.embedder))
        for one in response.embeddings
    ]


def verification_of(response: verify_pb2.VerifyResponse) -> Verification:
    """Returns what a comparison of two faces came to."""
    return Verification(
        distance=response.distance,
        threshold=response.threshold,
        same=response.same,
        false_match_rate=response.false_match_rate if response.HasField("false_match_rate") else None,
        first_face=face_of(response.first_face),
        second_face=face_of(response.second_face),
        embedder=embedder_of(response.embedder),
    )


def identified_of(response: identify_pb2.IdentifyResponse) -> IdentifiedPicture:
    """Returns who is in a picture."""
    return IdentifiedPicture(
        identifications=[_identification(one) for one in response.identifications],
        image_width_px=response.image_width_px,
        image_height_px=response.image_height_px,
        dropped_candidates=response.dropped_candidates,
        threshold=response.threshold,
        false_positive_rate=response.false_positive_rate if response.HasField("false_positive_rate") else None,
        embedder=embedder_of(response.embedder),
    )


def _identification(message: identify_pb2.Identification) -> Identification:
    return Identification(
        face=face_of(message.face),
        subject=message.subject if message.HasField("subject") else None,
        distance=message.distance if message.HasField("distance") else None,
        margin=message.margin if message.HasField("margin") else None,
        candidates=[Candidate(one.subject, one.distance) for one in message.candidates],
    )


def enrollment_of(response: enroll_pb2.EnrollResponse, first_index: int) -> Enrollment:
    """Returns what became of pictures, of which the first is numbered `first_index`."""
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
    outcome = enrollment_of(response, 0)
    if outcome.refused:
        raise outcome.refused[0].error
    return outcome.enrolled[0]


def subject_name(name: str) -> str:
    """Returns the name unchanged; what it may be is the service's to say.

    Raises:
        TypeError: it is no text.
        InvalidSubject: it is text that cannot be sent.
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
    """Returns a person of the gallery."""
    return Subject(message.name, message.faces, _moment(message.first_enrolled_at), _moment(message.last_enrolled_at))


def details_of(response: subject_pb2.GetSubjectResponse) -> SubjectDetails:
    """Returns what is kept of a person."""
    faces = [
        GalleryFace(one.id, embedder_of(one.embedder), _moment(one.enrolled_at), one.score, one.face_px, one.has_chip)
        for one in response.faces
    ]
    return SubjectDetails(subject_of(response.subject), faces)


def erasure_of(response: subject_pb2.DeleteSubjectResponse) -> Erasure:
    """Returns what was erased."""
    return Erasure(response.subject, response.erased_vectors, response.erased_chips, response.pending)


def embedder_of(message: embedder_pb2.Embedder) -> Embedder:
    """Returns the embedder that a message names."""
    return Embedder(message.name, message.version, _METRICS.get(message.metric, "euclidean, raw"))


def _moment(message: Timestamp) -> datetime:
    return message.ToDatetime(UTC)
