"""What is asked and how the answer is read, for both clients: they differ in how they wait only."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from facegrid.answers.digits import Discriminations, GeneratedDigit, Labels
from facegrid.answers.faces import Detection, ImageSource
from facegrid.answers.gallery import Enrollment, EnrollOptions, Erasure, Subject, SubjectDetails
from facegrid.answers.people import Embedding, IdentifiedPicture, Portrait, Verification
from facegrid.client.channel import HUNG_SERVICE_S, TIMEOUT_GRACE_S
from facegrid.client.wire.digits import digits_of, discriminate_request, discriminations_of, generate_request
from facegrid.client.wire.faces import detection_of, fill, options_message, timeout_ms, whole_number
from facegrid.client.wire.images import encode_image
from facegrid.client.wire.people import (
    details_of,
    embeddings_of,
    enrollment_of,
    erasure_of,
    identified_of,
    page_of,
    portrait_message,
    split_options,
    subject_name,
    verification_of,
)
from facegrid.v1 import (
    detect_pb2,
    embed_pb2,
    enroll_pb2,
    face_pb2,
    identify_pb2,
    subject_pb2,
    verify_pb2,
)

AnswerT = TypeVar("AnswerT")
"""What the client gives back for one call."""

Options = Mapping[str, Any]
Images = ImageSource | Portrait | Iterable[ImageSource | Portrait]

_ENROLL_PICTURES = 16
_ENROLL_BYTES = 24 * 2**20
"""Most of one call of `enroll`, but for a single picture that is larger: Ray Serve's Python ingress takes 64 MiB."""
_PAGE_SIZE = 1000


@dataclass(frozen=True)
class Call(Generic[AnswerT]):
    """One call of a single request."""

    method: str
    """Its name in the proto."""
    request: Any
    """Its message."""
    read: Callable[[Any], AnswerT]
    """Returns what a message of the service means."""
    wait_s: float
    """Time after which the client gives up."""


def detect(image: ImageSource, timeout_s: float | None, options: Options) -> Call[Detection]:
    """Returns the call of `detect`. Like all here it raises what is wrong with the arguments."""
    request = detect_pb2.DetectRequest(options=options_message(options), timeout_ms=timeout_ms(timeout_s))
    request.image = encode_image(image)
    return Call("Detect", request, detection_of, _wait_s(timeout_s))


def embed(image: ImageSource, timeout_s: float | None, options: Options) -> Call[list[Embedding]]:
    """Returns the call of `embed`."""
    request = embed_pb2.EmbedRequest(detect_options=options_message(options), timeout_ms=timeout_ms(timeout_s))
    request.image = encode_image(image)
    return Call("Embed", request, embeddings_of, _wait_s(timeout_s))


def verify(
    first: ImageSource | Portrait, second: ImageSource | Portrait, timeout_s: float | None, options: Options
) -> Call[Verification]:
    """Returns the call of `verify`."""
    decision, detect_options = split_options(options, "threshold", "target_false_match_rate")
    request = verify_pb2.VerifyRequest(
        first=portrait_message(first),
        second=portrait_message(second),
        detect_options=options_message(detect_options),
        timeout_ms=timeout_ms(timeout_s),
        **decision,
    )
    return Call("Verify", request, verification_of, _wait_s(timeout_s))


def identify(image: ImageSource, timeout_s: float | None, options: Options) -> Call[IdentifiedPicture]:
    """Returns the call of `identify`."""
    request = identify_request(timeout_s, options)
    request.image = encode_image(image)
    return Call("Identify", request, identified_of, _wait_s(timeout_s))


def identify_request(timeout_s: float | None, options: Options) -> identify_pb2.IdentifyRequest:
    """Returns the message that identifies the people of a picture, without the picture."""
    top_k = whole_number("top_k", options.get("top_k"), least=1)
    others = {name: value for name, value in options.items() if name != "top_k"}
    decision, detect_options = split_options(others, "threshold", "target_false_positive_rate")
    return identify_pb2.IdentifyRequest(
        detect_options=options_message(detect_options),
        identify_options=identify_pb2.IdentifyOptions(top_k=top_k, **decision),
        timeout_ms=timeout_ms(timeout_s),
    )


def enroll(
    subject: str, images: Images, timeout_s: float | None, gate: Options, options: Options
) -> Iterator[Call[Enrollment]]:
    """Yields the calls of `enroll`: as many pictures in each as travel well together, encoded as they are needed."""
    template = enroll_request(subject, timeout_s, gate, options)
    batch: list[face_pb2.Portrait] = []
    done = 0
    for image in _as_many(images):
        portrait = portrait_message(image)
        size = sum(len(one.image) for one in batch) + len(portrait.image)
        if batch and (len(batch) == _ENROLL_PICTURES or size > _ENROLL_BYTES):
            yield _enroll_call(template, batch, done, timeout_s)
            done += len(batch)
            batch = []
        batch.append(portrait)
    yield _enroll_call(template, batch, done, timeout_s)


def _enroll_call(
    template: enroll_pb2.EnrollRequest, portraits: list[face_pb2.Portrait], done: int, timeout_s: float | None
) -> Call[Enrollment]:
    request = enroll_pb2.EnrollRequest(images=portraits)
    request.MergeFrom(template)
    return Call("Enroll", request, lambda response: enrollment_of(response, done), _wait_s(timeout_s))


def enroll_request(subject: str, timeout_s: float | None, gate: Options, options: Options) -> enroll_pb2.EnrollRequest:
    """Returns the message that enrols pictures of one person, without pictures."""
    return enroll_pb2.EnrollRequest(
        subject=subject_name(subject),
        detect_options=options_message(options),
        enroll_options=fill(enroll_pb2.EnrollOptions(), gate, tuple(EnrollOptions.__annotations__)),
        timeout_ms=timeout_ms(timeout_s),
    )


def enrollment(parts: Sequence[Enrollment]) -> Enrollment:
    """Returns what became of all pictures.

    Raises:
        FacegridError: why the first one was refused, where all were.
    """
    enrolled = [face for part in parts for face in part.enrolled]
    refused = [refusal for part in parts for refusal in part.refused]
    if not enrolled:
        first = refused[0].error
        raise first if len(refused) == 1 else type(first)(f"{first.message}; all {len(refused)} pictures are refused")
    return Enrollment(parts[0].subject, enrolled, refused)


def list_subjects(page_token: str, timeout_s: float | None) -> Call[tuple[list[Subject], str | None]]:
    """Returns the call for a page of `subjects`, which is answered with the token of the next one."""
    request = subject_pb2.ListSubjectsRequest(
        page_size=_PAGE_SIZE, page_token=page_token, timeout_ms=timeout_ms(timeout_s)
    )
    return Call("ListSubjects", request, page_of, _wait_s(timeout_s))


def get_subject(name: str, timeout_s: float | None) -> Call[SubjectDetails]:
    """Returns the call of `subject`."""
    request = subject_pb2.GetSubjectRequest(subject=subject_name(name), timeout_ms=timeout_ms(timeout_s))
    return Call("GetSubject", request, details_of, _wait_s(timeout_s))


def delete_subject(name: str, timeout_s: float | None) -> Call[Erasure]:
    """Returns the call of `delete_subject`."""
    request = subject_pb2.DeleteSubjectRequest(subject=subject_name(name), timeout_ms=timeout_ms(timeout_s))
    return Call("DeleteSubject", request, erasure_of, _wait_s(timeout_s))


def generate(
    labels: Labels, count: int, seed: int, *, truncation: float | None, noise: Any, timeout_s: float | None
) -> Call[Iterable[GeneratedDigit]]:
    """Returns the call of `generate`, which is answered with many messages."""
    request = generate_request(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
    return Call("Generate", request, digits_of, _wait_s(timeout_s))


def discriminate(images: Any, labels: Labels, timeout_s: float | None) -> Call[Discriminations]:
    """Returns the call of `discriminate`."""
    request = discriminate_request(images, labels, timeout_s=timeout_s)
    return Call("Discriminate", request, discriminations_of, _wait_s(timeout_s))


def _wait_s(timeout_s: float | None) -> float:
    return HUNG_SERVICE_S if timeout_s is None else timeout_s + TIMEOUT_GRACE_S


def _as_many(images: Images) -> Iterable[ImageSource | Portrait]:
    if isinstance(images, (str, os.PathLike, bytes, bytearray, memoryview, np.ndarray, Portrait)):
        return [images]
    return images
