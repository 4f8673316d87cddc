"""Distances up to which two faces are taken for one person: the request's choice, or the service's default."""

import math

from facegrid.errors import InvalidOption
from facegrid.v1 import identify_pb2, verify_pb2
from orchestrator.pipeline.thresholds import (
    IDENTIFY_FALSE_MATCH_RATES,
    VERIFY_FALSE_MATCH_RATE,
    false_match_rate,
    false_positive_rate,
    match_rate_for,
    threshold_of,
)

_THRESHOLDS = (0.0, 10.0)
_RATES = (0.0001, 0.5)


def verify_threshold(request: verify_pb2.VerifyRequest, version: int) -> tuple[float, float | None]:
    """Returns the greatest distance of one person's faces, and the false-match rate there, None if unknown.

    Raises:
        InvalidOption: The threshold or rate asked for is out of its range, or the embedder has no measured rates.
    """
    match request.WhichOneof("decision"):
        case "threshold":
            threshold = _in_range("threshold", request.threshold, _THRESHOLDS)
        case "target_false_match_rate":
            rate = _in_range("target_false_match_rate", request.target_false_match_rate, _RATES)
            threshold = _measured(rate, version)
        case _:
            threshold = _measured(VERIFY_FALSE_MATCH_RATE, version)
    return threshold, false_match_rate(threshold, version)


def identify_threshold(
    options: identify_pb2.IdentifyOptions, version: int, gallery_faces: int
) -> tuple[float, float | None]:
    """Returns the greatest distance at which a face is named, and the share of strangers named, None if unknown.

    Args:
        options: The caller's choice.
        version: Of the embedder.
        gallery_faces: Faces that each face is compared with.

    Raises:
        InvalidOption: As in `verify_threshold`.
    """
    match options.WhichOneof("decision"):
        case "threshold":
            threshold = _in_range("threshold", options.threshold, _THRESHOLDS)
        case "target_false_positive_rate":
            rate = _in_range("target_false_positive_rate", options.target_false_positive_rate, _RATES)
            threshold = _measured(match_rate_for(rate, gallery_faces), version)
        case _:
            threshold = _measured(IDENTIFY_FALSE_MATCH_RATES.get(version), version)
    match_rate = false_match_rate(threshold, version)
    return threshold, None if match_rate is None else false_positive_rate(match_rate, gallery_faces)


def _in_range(name: str, value: float, allowed: tuple[float, float]) -> float:
    low, high = allowed
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidOption(f"{name} is {value:g}, allowed are {low:g} to {high:g}")
    return value


def _measured(rate: float | None, version: int) -> float:
    threshold = None if rate is None else threshold_of(rate, version)
    if threshold is None:
        raise InvalidOption(f"no rates were measured for embedder version {version}; give a threshold")
    return threshold
