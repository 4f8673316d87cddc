"""What a caller of Generate asks for: from the message of facegrid.v1 to arrays, checked."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from exporters.signatures import NOISE_DIM
from facegrid.errors import InvalidOption
from facegrid.v1 import generate_pb2, label_pb2
from orchestrator.pipeline.digits import mix
from orchestrator.pipeline.noise import MAX_SEED, TRUNCATION_RANGE, noise_of
from orchestrator.types import Floats

_NOISE_LIMIT = 10.0


@dataclass(frozen=True)
class DigitOrder:
    """The pictures that a caller asks for."""

    labels: Floats
    """[LABELS], with a sum of 1; the same for all pictures."""
    count: int
    seed: int
    truncation: float | None
    given: Floats | None
    """The noise [count, NOISE_DIM], where the caller sends it instead of a seed."""
    raw: bool
    """Whether pictures are sent as pixels rather than as PNG files."""

    def noise_of(self, first: int, count: int) -> Floats:
        """Returns the noise of some of the pictures, [count, NOISE_DIM]."""
        if self.given is not None:
            return self.given[first : first + count]
        return noise_of(self.seed, first, count, truncation=self.truncation)


def to_order(request: generate_pb2.GenerateRequest, max_count: int) -> DigitOrder:
    """Returns what the caller asks for.

    Raises:
        InvalidLabels: See `mix`.
        InvalidOption: A count, seed, truncation, noise or format out of its range.
    """
    if not 1 <= request.count <= max_count:
        raise InvalidOption(f"count is {request.count:,}, allowed are 1 to {max_count:,}")
    if request.seed > MAX_SEED:
        raise InvalidOption(f"seed is {request.seed}, allowed are 0 to {MAX_SEED}")
    if request.format not in generate_pb2.ImageFormat.values():
        raise InvalidOption(f"format is {request.format}, allowed are {generate_pb2.ImageFormat.values()[1:]}")
    return DigitOrder(
        labels=labels_of(request.labels),
        count=request.count,
        seed=request.seed,
        truncation=_truncation_of(request),
        given=_noise_of(request) if request.noise else None,
        raw=request.format == generate_pb2.IMAGE_FORMAT_RAW,
    )


def labels_of(labels: Iterable[label_pb2.LabelWeight]) -> Floats:
    """Returns the weight of every digit; a label without a weight has 1.

    Raises:
        InvalidLabels: See `mix`.
    """
    return mix((one.label, one.weight if one.HasField("weight") else 1.0) for one in labels)


def _truncation_of(request: generate_pb2.GenerateRequest) -> float | None:
    if not request.HasField("truncation"):
        return None
    low, high = TRUNCATION_RANGE
    if not low <= request.truncation <= high:  # refuses NaN too
        raise InvalidOption(f"truncation is {request.truncation:g}, allowed are {low:g} to {high:g}")
    return request.truncation


def _noise_of(request: generate_pb2.GenerateRequest) -> Floats:
    needed = NOISE_DIM * request.count
    if len(request.noise) != needed:
        raise InvalidOption(
            f"noise has {len(request.noise):,} numbers, expected {needed:,}: "
            f"{NOISE_DIM} for each of {request.count:,} pictures"
        )
    if request.HasField("truncation"):
        raise InvalidOption("truncation is set, but noise is given and none is drawn")
    noise = np.array(request.noise, np.float32)
    outside = ~(np.abs(noise) <= _NOISE_LIMIT)  # NaN is outside, too
    if outside.any():
        value = noise[outside][0]
        raise InvalidOption(f"a number of the noise is {value:g}, allowed are {-_NOISE_LIMIT:g} to {_NOISE_LIMIT:g}")
    return noise.reshape(request.count, NOISE_DIM)
