"""The streaming methods: what is sent for a picture, and what its answer is; for both clients."""

from typing import Any

from facegrid.answers.faces import DetectedItem, ImageSource, SourceT
from facegrid.answers.gallery import EnrolledItem
from facegrid.answers.people import EmbeddedItem, IdentifiedItem, Portrait
from facegrid.client.calls import Options, enroll_request, identify_request
from facegrid.client.stream.ledger import Form
from facegrid.client.wire.faces import detection_of, options_message, timeout_ms
from facegrid.client.wire.images import encode_image
from facegrid.client.wire.people import embeddings_of, enrolled_of, identified_of, portrait_message, subject_name
from facegrid.v1 import detect_pb2, embed_pb2, enroll_pb2, identify_pb2

SubjectPicture = tuple[str, ImageSource | Portrait]
"""The name of a person, and a picture of the same."""


def detect(timeout_s: float | None, options: Options) -> Form[SourceT, DetectedItem[SourceT]]:
    """Returns the form of `detect_many`. Like all here it raises what is wrong with the arguments."""
    request = detect_pb2.DetectRequest(options=options_message(options), timeout_ms=timeout_ms(timeout_s))
    return Form("DetectStream", detect_pb2.DetectStreamRequest, _with_image(request), detection_of, DetectedItem)


def embed(timeout_s: float | None, options: Options) -> Form[SourceT, EmbeddedItem[SourceT]]:
    """Returns the form of `embed_many`."""
    request = embed_pb2.EmbedRequest(detect_options=options_message(options), timeout_ms=timeout_ms(timeout_s))
    return Form("EmbedStream", embed_pb2.EmbedStreamRequest, _with_image(request), embeddings_of, EmbeddedItem)


def identify(timeout_s: float | None, options: Options) -> Form[SourceT, IdentifiedItem[SourceT]]:
    """Returns the form of `identify_many`."""
    encode = _with_image(identify_request(timeout_s, options))
    return Form("IdentifyStream", identify_pb2.IdentifyStreamRequest, encode, identified_of, IdentifiedItem)


def enroll(timeout_s: float | None, gate: Options, options: Options) -> Form[SubjectPicture, EnrolledItem]:
    """Returns the form of `enroll_many`."""
    template = enroll_request("", timeout_s, gate, options)

    def encode(source: SubjectPicture) -> enroll_pb2.EnrollRequest:
        subject, image = source
        request = enroll_pb2.EnrollRequest(images=[portrait_message(image)])
        request.MergeFrom(template)
        request.subject = subject_name(subject)
        return request

    return Form("EnrollStream", enroll_pb2.EnrollStreamRequest, encode, enrolled_of, EnrolledItem)


def _with_image(template: Any) -> Any:
    """Returns the function that gives the request for a picture: all of them are alike but for it."""

    def encode(source: ImageSource) -> Any:
        request = type(template)(image=encode_image(source))
        request.MergeFrom(template)
        return request

    return encode
