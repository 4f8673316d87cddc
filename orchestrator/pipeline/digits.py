"""Pictures of digits: labels with weights, PNG files, grey pixels."""

import io
import math
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from exporters.signatures import DIGIT_PX, LABELS
from facegrid.errors import InvalidImage, InvalidLabels
from orchestrator.types import Floats

Digits = NDArray[np.uint8]
"""Grey pictures of digits, uint8 [N, 28, 28, 1]."""

_PNG_BYTES = 16_384
"""Twenty times what 28 x 28 grey pixels take uncompressed; a larger file carries something else."""


def mix(labels: Iterable[tuple[int, float]]) -> Floats:
    """Returns the weight of every digit, float32 [LABELS], each at least 0, with a sum of 1.

    Args:
        labels: Pairs of a digit and its weight relative to the others.

    Raises:
        InvalidLabels: There is no pair, a label is not a digit or comes twice, or weights are negative, not finite, or
            all 0.
    """
    weights: dict[int, float] = {}
    for label, weight in labels:
        if not 0 <= label < LABELS:
            raise InvalidLabels(f"a label is {label}, allowed are 0 to {LABELS - 1}")
        if label in weights:
            raise InvalidLabels(f"label {label} comes twice; give it a weight instead")
        if not (math.isfinite(weight) and weight >= 0):
            raise InvalidLabels(f"the weight of label {label} is {weight:g}, allowed are finite numbers from 0")
        weights[label] = weight
    if not weights:
        raise InvalidLabels(f"there are 0 labels, at least 1 is needed: digits from 0 to {LABELS - 1}")
    total = sum(weights.values())
    if total == 0:
        raise InvalidLabels(f"the weights of all {len(weights)} labels are 0, at least one must be more")
    vector = np.zeros(LABELS, np.float32)
    for label, weight in weights.items():
        vector[label] = weight / total
    return vector


def to_png(digit: NDArray[np.uint8]) -> bytes:
    """Returns one picture [28, 28, 1] as a PNG file, 8 bits, grey."""
    written, data = cv2.imencode(".png", digit)
    assert written  # noqa: S101 - pixels of this shape and type always can be
    return data.tobytes()


def from_png(data: bytes, number: int) -> NDArray[np.uint8]:
    """Returns the pixels [28, 28, 1] of a PNG file.

    Args:
        data: The file.
        number: The picture's number, for errors.

    Raises:
        InvalidImage: Not a whole PNG file of 28 x 28 grey pixels of 8 bits.
    """
    if len(data) > _PNG_BYTES:
        raise InvalidImage(f"picture {number} has {len(data):,} bytes, at most {_PNG_BYTES:,} are accepted")
    try:
        with Pillow.open(io.BytesIO(data), formats=("PNG",)) as opened:
            _check_header(opened, number)
            return np.array(opened)[:, :, None]
    except InvalidImage:
        raise
    except Exception as err:  # decoders of hostile bytes raise errors of any kind
        raise InvalidImage(f"picture {number} is not a whole PNG file ({len(data):,} bytes)") from err


def probabilities(logits: Floats) -> NDArray[np.float64]:
    """Returns 1 / (1 + exp(-logit)), range [0, 1], without overflow."""
    small = np.exp(-np.abs(logits.astype(np.float64)))  # in (0, 1]
    found: NDArray[np.float64] = np.where(logits >= 0, 1.0, small) / (1 + small)
    return found


def _check_header(opened: Any, number: int) -> None:
    width, height = opened.size
    if opened.mode != "L" or (width, height) != (DIGIT_PX, DIGIT_PX) or getattr(opened, "n_frames", 1) != 1:
        raise InvalidImage(
            f"picture {number} is {width} x {height} pixels of mode {opened.mode}, "
            f"expected {DIGIT_PX} x {DIGIT_PX} grey ones (mode L)"
        )
