"""Embeddings, comparisons and identities: between the client's types and the messages on the wire."""

from numbers import Real
from typing import Any

import numpy as np

from facegrid.answers.faces import ImageSource
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
from facegrid.client.wire.faces import Options, face_of, options_message, timeout_ms, whole_number
from facegrid.client.wire.images import encode_image
from facegrid.errors import InvalidOption
from facegrid.v1 import embed_pb2, embedder_pb2, face_pb2, identify_pb2, verify_pb2

_METRICS: dict[int, Metric] = {
    embedder_pb2.Embedder.METRIC_EUCLIDEAN_RAW: "euclidean, raw",
    embedder_pb2.Embedder.METRIC_EUCLIDEAN_UNIT: "euclidean, unit",
}


def portrait_message(source: ImageSource | Portrait) -> face_pb2.Portrait:
    """Returns a picture and the index of the chosen face.

    Raises:
        InvalidImage: the source has no supported type; see `encode_image`.
        InvalidOption: `face_index` is not a whole number of at least 0.
        OSError: the file cannot be read.
    """
    image, index = (source.image, source.face_index) if isinstance(source, Portrait) else (source, None)
    return face_pb2.Portrait(image=encode_image(image), face_index=whole_number("face_index", index, least=0))


def split_options(options: Options, *decisions: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the one of the `decisions` that is chosen, if any is, and all other options.

    Raises:
        InvalidOption: several are chosen, or one is not a number.
    """
    chosen = {name: options[name] for name in decisions if options.get(name) is not None}
    if len(chosen) > 1:
        raise InvalidOption(f"{' and '.join(chosen)} exclude each other")
    for name, value in chosen.items():
        if not isinstance(value, Real) or isinstance(value, bool):
            raise InvalidOption(f"{name} must be a number, got {value!r}")
    others = {name: value for name, value in options.items() if name not in decisions}
    return {name: float(value) for name, value in chosen.items()}, others


def embed_request(timeout_s: float | None, options: Options) -> embed_pb2.EmbedRequest:
    """Returns the message that asks for the faces of a picture as vectors, without the picture."""
    return embed_pb2.EmbedRequest(detect_options=options_message(options), timeout_ms=timeout_ms(timeout_s))


def verify_request(
    timeout_s: float | None, first: ImageSource | Portrait, second: ImageSource | Portrait, options: Options
) -> verify_pb2.VerifyRequest:
    """Returns the message that compares two faces; raises what `portrait_message` and `split_options` do."""
    decision, detect_options = split_options(options, "threshold", "target_false_match_rate")
    return verify_pb2.VerifyRequest(
        first=portrait_message(first),
        second=portrait_message(second),
        detect_options=options_message(detect_options),
        timeout_ms=timeout_ms(timeout_s),
        **decision,
    )


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


def embeddings_of(response: embed_pb2.EmbedResponse) -> list[Embedding]:
    """Returns the faces as vectors."""
    return [
        Embedding(face_of(one.face), np.array(one.vector, np.float32), embedder_of(one.embedder))
        for one in response.embeddings
    ]


def verification_of(response: verify_pb2.VerifyResponse) -> Verification:
    """Returns the comparison of two faces."""
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
    """Returns the identity of each face of a picture."""
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


def embedder_of(message: embedder_pb2.Embedder) -> Embedder:
    """Returns the embedder that a message names."""
    return Embedder(message.name, message.version, _METRICS.get(message.metric, "euclidean, raw"))
