"""Digits: between the client's types and the messages on the wire. The service checks ranges."""

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from facegrid.answers.digits import Discriminations, GeneratedDigit, Labels
from facegrid.client.wire.faces import timeout_ms, whole_number
from facegrid.errors import InternalError, InvalidImage, InvalidLabels, InvalidOption
from facegrid.v1 import discriminate_pb2, generate_pb2, label_pb2

if TYPE_CHECKING:
    from facegrid.answers.digits import DigitSource

_SIDE_PX = 28
_LARGEST_SEED = 2**63 - 1
_LABELS = "labels are a digit from 0 to 9, several of them, or a mapping of digits to weights"


def generate_request(
    timeout_s: float | None,
    labels: Labels,
    count: int,
    seed: int,
    *,
    truncation: float | None,
    noise: "ArrayLike | None",
) -> generate_pb2.GenerateRequest:
    """Returns the message that asks for pictures as pixels.

    Raises:
        InvalidLabels, InvalidOption: a value cannot be sent.
    """
    request = generate_pb2.GenerateRequest(
        labels=labels_message(labels),
        count=whole_number("count", count, least=0),
        seed=_seed(seed),
        format=generate_pb2.IMAGE_FORMAT_RAW,
        timeout_ms=timeout_ms(timeout_s),
    )
    if truncation is not None:
        request.truncation = _number("truncation", truncation)
    if noise is not None:
        request.noise.extend(_noise(noise))
    return request


def digits_of(response: generate_pb2.GenerateResponse) -> Iterable[GeneratedDigit]:
    """Yields the pictures of a message.

    Raises:
        InternalError: the service did not send 28 x 28 pixels.
    """
    for image in response.images:
        if len(image.image) != _SIDE_PX**2:
            raise InternalError(f"the service sent a picture of {len(image.image)} bytes, expected {_SIDE_PX**2}")
        pixels = np.frombuffer(image.image, np.uint8).reshape(_SIDE_PX, _SIDE_PX)
        yield GeneratedDigit(image.index, pixels, np.array(image.noise, np.float32), np.array(image.labels, np.float32))


def stacked(images: list[NDArray[np.uint8]], count: int) -> NDArray[np.uint8]:
    """Returns the pictures as one array [count, 28, 28].

    Raises:
        InternalError: the service sent another number of pictures.
    """
    if len(images) != count:
        raise InternalError(f"the service sent {len(images)} pictures of the {count} asked for")
    return np.stack(images)


def discriminate_request(
    timeout_s: float | None, images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]", labels: Labels
) -> discriminate_pb2.DiscriminateRequest:
    """Returns the message that asks about pictures.

    Raises:
        InvalidLabels, InvalidImage: a value cannot be sent.
        OSError: a path cannot be read.
    """
    return discriminate_pb2.DiscriminateRequest(
        images=[_file_of(image) for image in _each_of(images)],
        labels=labels_message(labels),
        timeout_ms=timeout_ms(timeout_s),
    )


def discriminations_of(response: discriminate_pb2.DiscriminateResponse) -> Discriminations:
    """Returns the service's answer in the client's types."""
    return Discriminations(
        np.array([one.logit for one in response.discriminations], np.float32),
        np.array([one.probability for one in response.discriminations], np.float32),
    )


def labels_message(labels: Labels) -> list[label_pb2.LabelWeight]:
    """Returns the labels with their weights.

    Raises:
        InvalidLabels: they have another form.
    """
    if isinstance(labels, Integral):
        labels = [int(labels)]
    if isinstance(labels, Mapping):
        weights: Iterable[tuple[Any, Any]] = labels.items()
    elif isinstance(labels, (Sequence, np.ndarray)) and not isinstance(labels, (str, bytes)):
        weights = ((label, 1.0) for label in labels)
    else:
        raise InvalidLabels(f"{_LABELS}; got {labels!r}")
    return [label_pb2.LabelWeight(label=_digit(label), weight=_weight(label, weight)) for label, weight in weights]


def _digit(label: Any) -> int:
    if not isinstance(label, Integral) or isinstance(label, bool) or not 0 <= int(label) < 2**32:
        raise InvalidLabels(f"a label is {label!r}, allowed are 0 to 9")
    return int(label)


def _weight(label: Any, weight: Any) -> float:
    if not isinstance(weight, Real) or isinstance(weight, bool):
        raise InvalidLabels(f"the weight of label {label} is {weight!r}, allowed are finite numbers from 0")
    return float(weight)


def _seed(seed: Any) -> int:
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) <= _LARGEST_SEED:
        raise InvalidOption(f"seed is {seed!r}, allowed are 0 to {_LARGEST_SEED}")
    return int(seed)


def _number(name: str, value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise InvalidOption(f"{name} must be a number, got {value!r}")
    return float(value)


def _noise(noise: "ArrayLike") -> list[float]:
    try:
        return np.asarray(noise, np.float32).ravel().tolist()
    except (TypeError, ValueError) as err:
        raise InvalidOption(f"noise must be numbers, 64 for each picture; got {type(noise).__qualname__}") from err


def _each_of(images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]") -> Iterable["DigitSource"]:
    if isinstance(images, (str, os.PathLike, bytes)) or (isinstance(images, np.ndarray) and images.ndim == 2):
        return [images]
    return images


def _file_of(image: "DigitSource") -> bytes:
    if isinstance(image, bytes):
        return image
    if isinstance(image, (str, os.PathLike)):
        return Path(image).read_bytes()
    return _png(image)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != (_SIDE_PX, _SIDE_PX):
        what = f"{pixels.dtype} {list(pixels.shape)}" if isinstance(pixels, np.ndarray) else type(pixels).__qualname__
        raise InvalidImage(f"a digit is a PNG file or an array uint8 [{_SIDE_PX}, {_SIDE_PX}]; got {what}")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=1)
    return file.getvalue()
