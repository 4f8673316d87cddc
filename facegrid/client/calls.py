"""The methods of the service, a row for each: how its request is made, and how its answer is read.

Both clients use this table; they differ only in how they wait.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import numpy as np
from google.protobuf.message import Message

from facegrid.answers.faces import AnySourceT, DetectedItem, ImageSource, StreamItem
from facegrid.answers.gallery import EnrolledItem, Enrollment
from facegrid.answers.people import EmbeddedItem, IdentifiedItem, Portrait
from facegrid.client.channel import HUNG_SERVICE_S, TIMEOUT_GRACE_S
from facegrid.client.wire.digits import digits_of, discriminate_request, discriminations_of, generate_request
from facegrid.client.wire.faces import Options, detect_request, detection_of
from facegrid.client.wire.gallery import (
    delete_subject_request,
    enroll_request,
    enrolled_of,
    enrollment_of,
    erasure_of,
    get_subject_request,
    list_subjects_request,
    page_of,
    subject_details_of,
)
from facegrid.client.wire.images import RequestT, with_image
from facegrid.client.wire.people import (
    embed_request,
    embeddings_of,
    identified_of,
    identify_request,
    portrait_message,
    verification_of,
    verify_request,
)
from facegrid.client.wire.video import frame_result_of, identify_video_request
from facegrid.v1 import detect_pb2, embed_pb2, enroll_pb2, face_pb2, identify_pb2

P = ParamSpec("P")
AnswerT = TypeVar("AnswerT")
"""What the client returns for one message of the service."""
ItemT = TypeVar("ItemT", bound=StreamItem[Any, Any])

Images = ImageSource | Portrait | Iterable[ImageSource | Portrait]
SubjectPicture = tuple[str, ImageSource | Portrait]
"""The name of a person, and a picture of this person."""


@dataclass(frozen=True)
class PreparedCall(Generic[AnswerT]):
    """A method with its request, ready to be sent."""

    method: str
    """Its name in the proto."""
    request: Message
    """Its message."""
    read: Callable[[Any], AnswerT]
    """Returns the answer in a message of the service."""
    wait_s: float
    """Seconds after which the client gives up."""


@dataclass(frozen=True)
class Rpc(Generic[P, AnswerT]):
    """A method that takes one request. It is answered with one message, or with many that are read one by one."""

    method: str
    """Its name in the proto."""
    request: Callable[Concatenate[float | None, P], Message]
    """Returns the request, for a time limit in seconds (None: the service's) and what the caller passed.

    May read files, and raises what is wrong with the arguments.
    """
    read: Callable[[Any], AnswerT]
    """Returns the answer in a message of the service."""

    def prepare(self, timeout_s: float | None, *args: P.args, **kwargs: P.kwargs) -> PreparedCall[AnswerT]:
        """Returns the call with its request; raises what is wrong with the arguments."""
        return PreparedCall(self.method, self.request(timeout_s, *args, **kwargs), self.read, wait_s(timeout_s))


@dataclass(frozen=True)
class StreamRpc(Generic[P, AnySourceT, ItemT]):
    """A method that takes many requests over one call, and answers each of them as it is done."""

    method: str
    """Its name in the proto."""
    message: type[Any]
    """The class of the messages that are sent."""
    encoder: Callable[Concatenate[float | None, P], Callable[[AnySourceT], Message]]
    """Returns the function that makes the request of a source; takes and raises what `Rpc.request` does.

    The function may read files, and raise FacegridError or OSError.
    """
    read: Callable[[Any], Any]
    """Returns the result in a response; may raise FacegridError."""
    item: Callable[..., ItemT]
    """The class of what is yielded, a `StreamItem`."""


def _one_picture(
    template: Callable[[float | None, Options], RequestT],
) -> Callable[[float | None, ImageSource, Options], RequestT]:
    def request(timeout_s: float | None, image: ImageSource, options: Options) -> RequestT:
        return with_image(template(timeout_s, options), image)

    return request


def _each_picture(
    template: Callable[[float | None, Options], RequestT],
) -> Callable[[float | None, Options], Callable[[ImageSource], RequestT]]:
    def encoder(timeout_s: float | None, options: Options) -> Callable[[ImageSource], RequestT]:
        return partial(with_image, template(timeout_s, options))

    return encoder


def _each_subject_picture(
    timeout_s: float | None, gate: Options, options: Options
) -> Callable[[SubjectPicture], enroll_pb2.EnrollRequest]:
    enroll_request(timeout_s, "", gate, options)  # raises what is wrong with the options

    def encode(source: SubjectPicture) -> enroll_pb2.EnrollRequest:
        subject, image = source
        return enroll_request(timeout_s, subject, gate, options, [portrait_message(image)])

    return encode


DETECT = Rpc("Detect", _one_picture(detect_request), detection_of)
EMBED = Rpc("Embed", _one_picture(embed_request), embeddings_of)
VERIFY = Rpc("Verify", verify_request, verification_of)
ENROLL = Rpc("Enroll", enroll_request, enrollment_of)
IDENTIFY = Rpc("Identify", _one_picture(identify_request), identified_of)
LIST_SUBJECTS = Rpc("ListSubjects", list_subjects_request, page_of)
GET_SUBJECT = Rpc("GetSubject", get_subject_request, subject_details_of)
DELETE_SUBJECT = Rpc("DeleteSubject", delete_subject_request, erasure_of)
DISCRIMINATE = Rpc("Discriminate", discriminate_request, discriminations_of)

# Answered with many messages.
GENERATE = Rpc("Generate", generate_request, digits_of)

# Many pictures over one call. `Any` stands for the kind of source: the client's methods name it.
DETECT_STREAM: StreamRpc[[Options], Any, DetectedItem[Any]] = StreamRpc(
    "DetectStream", detect_pb2.DetectStreamRequest, _each_picture(detect_request), detection_of, DetectedItem
)
EMBED_STREAM: StreamRpc[[Options], Any, EmbeddedItem[Any]] = StreamRpc(
    "EmbedStream", embed_pb2.EmbedStreamRequest, _each_picture(embed_request), embeddings_of, EmbeddedItem
)
ENROLL_STREAM = StreamRpc(
    "EnrollStream", enroll_pb2.EnrollStreamRequest, _each_subject_picture, enrolled_of, EnrolledItem
)
IDENTIFY_STREAM: StreamRpc[[Options], Any, IdentifiedItem[Any]] = StreamRpc(
    "IdentifyStream", identify_pb2.IdentifyStreamRequest, _each_picture(identify_request), identified_of, IdentifiedItem
)

# One request with the options, then many frames: stream/video.py sends and reads them.
IDENTIFY_VIDEO = Rpc("IdentifyVideo", identify_video_request, frame_result_of)


def wait_s(timeout_s: float | None) -> float:
    """Returns how long the client waits for an answer of which the service was given a time limit."""
    return HUNG_SERVICE_S if timeout_s is None else timeout_s + TIMEOUT_GRACE_S


_ENROLL_PICTURES = 16
_ENROLL_BYTES = 24 * 2**20
"""Most bytes of pictures in one call of Enroll, unless a single one is larger: Ray Serve's Python ingress takes 64 MiB.
"""


def enroll_calls(
    timeout_s: float | None, subject: str, images: Images, gate: Options, options: Options
) -> Iterator[PreparedCall[Enrollment]]:
    """Yields the calls that enrol the pictures of one person, each with as many as travel well together.

    A picture is encoded when its call is due.
    """
    template = enroll_request(timeout_s, subject, gate, options)
    done = 0
    for portraits in _batches(map(portrait_message, _as_many(images))):
        request = enroll_pb2.EnrollRequest(images=portraits)
        request.MergeFrom(template)
        yield PreparedCall(ENROLL.method, request, partial(enrollment_of, first_index=done), wait_s(timeout_s))
        done += len(portraits)


def merged_enrollment(parts: Sequence[Enrollment]) -> Enrollment:
    """Returns the outcome of all calls of one enrolment.

    Raises:
        FacegridError: why the first picture was refused, where all were.
    """
    enrolled = [face for part in parts for face in part.enrolled]
    refused = [refusal for part in parts for refusal in part.refused]
    if not enrolled:
        first = refused[0].error
        raise first if len(refused) == 1 else type(first)(f"{first.message}; all {len(refused)} pictures are refused")
    return Enrollment(parts[0].subject, enrolled, refused)


def _batches(portraits: Iterable[face_pb2.Portrait]) -> Iterator[list[face_pb2.Portrait]]:
    """Yields at least one batch, which is empty where there are no portraits: the service refuses that."""
    batch: list[face_pb2.Portrait] = []
    size = 0
    for portrait in portraits:
        size += len(portrait.image)
        if batch and (len(batch) == _ENROLL_PICTURES or size > _ENROLL_BYTES):
            yield batch
            batch, size = [], len(portrait.image)
        batch.append(portrait)
    yield batch


def _as_many(images: Images) -> Iterable[ImageSource | Portrait]:
    if isinstance(images, (str, os.PathLike, bytes, bytearray, memoryview, np.ndarray, Portrait)):
        return [images]
    return images
