"""Options, detections and faces: between the client's types and the messages on the wire."""

import math
from collections.abc import Collection, Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

from facegrid.answers.faces import BoundingBox, Detection, DetectOptions, Face, Landmarks, Point
from facegrid.errors import InvalidOption
from facegrid.v1 import detect_pb2 as pb
from facegrid.v1 import face_pb2, geometry_pb2

MessageT = TypeVar("MessageT")

Options = Mapping[str, Any]
"""Options by name, as a caller gave them: not checked yet."""

_LONGEST_TIMEOUT_S = (2**32 - 1) / 1000
"""`timeout_ms` is a uint32."""


def options_message(options: Options) -> face_pb2.DetectOptions:
    """Returns the options as a message; those that are None stay unset. The service checks ranges.

    Raises:
        TypeError: there is no option of that name.
        InvalidOption: a value is not a number.
    """
    return fill(face_pb2.DetectOptions(), options, tuple(DetectOptions.__annotations__))


def fill(message: MessageT, options: Options, names: Collection[str]) -> MessageT:
    """Returns the message with its numbers set; those that are None stay unset.

    Raises:
        TypeError: there is no option of that name.
        InvalidOption: a value is not a number.
    """
    for name, value in options.items():
        if name not in names:
            raise TypeError(f"no option {name!r}; the options are {', '.join(names)}")
        if value is None:
            continue
        if not isinstance(value, Real) or isinstance(value, bool):
            raise InvalidOption(f"{name} must be a number, got {value!r}")
        setattr(message, name, float(value))
    return message


def whole_number(name: str, value: Any, *, least: int) -> int | None:
    """Returns a number as it can be sent; None stays None.

    Raises:
        InvalidOption: it is not a whole number from `least` to 4294967295.
    """
    if value is None:
        return None
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= int(value) < 2**32:
        raise InvalidOption(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def timeout_ms(timeout_s: float | None) -> int:
    """Returns the time limit as it is sent, rounded up to whole milliseconds; None is 0, the service's default.

    Raises:
        InvalidOption: it is not a number in (0, 4294967].
    """
    if timeout_s is None:
        return 0
    if not isinstance(timeout_s, Real) or not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
        raise InvalidOption(f"timeout_s must lie in (0, {_LONGEST_TIMEOUT_S:.0f}] seconds, got {timeout_s!r}")
    return math.ceil(timeout_s * 1000)


def detect_request(timeout_s: float | None, options: Options) -> pb.DetectRequest:
    """Returns the message that asks for the faces of a picture, without the picture.

    Raises:
        TypeError: there is no option of that name.
        InvalidOption: a value is not a number, or the time limit is out of range.
    """
    return pb.DetectRequest(options=options_message(options), timeout_ms=timeout_ms(timeout_s))


def detection_of(response: pb.DetectResponse) -> Detection:
    """Returns the service's answer in the client's types."""
    return Detection(
        faces=[face_of(face) for face in response.faces],
        image_width_px=response.image_width_px,
        image_height_px=response.image_height_px,
        dropped_candidates=response.dropped_candidates,
        warnings=list(response.warnings),
    )


def face_of(face: face_pb2.Face) -> Face:
    """Returns a face in the client's types."""
    box, points = face.box, face.landmarks
    return Face(
        box=BoundingBox(box.x_min, box.y_min, box.x_max, box.y_max),
        score=face.score,
        landmarks=Landmarks(
            left_eye=_point(points.left_eye),
            right_eye=_point(points.right_eye),
            nose=_point(points.nose),
            mouth_left=_point(points.mouth_left),
            mouth_right=_point(points.mouth_right),
        ),
    )


def _point(point: geometry_pb2.Point) -> Point:
    return Point(point.x, point.y)
