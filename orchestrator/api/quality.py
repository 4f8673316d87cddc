"""The face of a picture that a caller means, and whether it is good enough to be enrolled."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from facegrid.errors import FaceTooSmall, FaceTurned, InvalidOption, LowScore, ManyFaces, NoFace
from facegrid.v1 import enroll_pb2
from orchestrator.pipeline.pose import yaw_degrees
from orchestrator.types import Detections

_RANGES = {"min_face_px": (12.0, 10_000.0), "min_score": (0.0, 1.0), "max_yaw_degrees": (0.0, 90.0)}


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What a face must be like to be enrolled.

    Raises:
        InvalidOption: A value is not a number or out of its range.
    """

    min_face_px: float = 40.0
    """Least length of the shorter side of the box, in pixels of the upright image."""
    min_score: float = 0.9
    """Least score of the face."""
    max_yaw_degrees: float = 50.0
    """Greatest angle that the face may be turned to one side (`orchestrator.pipeline.pose`). Beyond 50 degrees twice as
    many strangers match (docs/accuracy.md)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _RANGES[field.name]
            if not (math.isfinite(value) and low <= value <= high):
                raise InvalidOption(f"{field.name} of the enrolment is {value:g}, allowed are {low:g} to {high:g}")

    def check(self, face: Detections) -> None:
        """Checks that the one face of `face` may be enrolled.

        Raises:
            FaceTooSmall, LowScore, FaceTurned: It may not; the message has the value and the bound.
        """
        side_px = float(shorter_sides_px(face)[0])
        if side_px < self.min_face_px:
            raise FaceTooSmall(
                f"the face's shorter side has {side_px:.1f} pixels, at least {self.min_face_px:g} are needed"
            )
        score = float(face.scores[0])
        if score < self.min_score:
            raise LowScore(f"the face's score is {score:.4f}, at least {self.min_score:g} is needed")
        yaw = float(yaw_degrees(face.landmarks)[0])
        if yaw > self.max_yaw_degrees:
            raise FaceTurned(
                f"the face is turned by about {yaw:.0f} degrees, at most {self.max_yaw_degrees:g} are allowed"
            )


def to_gate(message: enroll_pb2.EnrollOptions) -> QualityGate:
    """Returns the gate of a request, with defaults for the options that are not set.

    Raises:
        InvalidOption: A value is out of its range.
    """
    return QualityGate(**{name: getattr(message, name) for name in _RANGES if message.HasField(name)})


def shorter_sides_px(faces: Detections) -> NDArray[np.float32]:
    """Returns the length of the shorter side of each box, [N], in pixels of the image."""
    sides: NDArray[np.float32] = (faces.boxes[:, 2:] - faces.boxes[:, :2]).min(axis=1)
    return sides


def choose_face(faces: Detections, index: int | None) -> NDArray[np.intp]:
    """Returns the position of the chosen face, [1].

    Args:
        faces: All faces of the picture.
        index: The caller's choice; None: the only face.

    Raises:
        NoFace: There is no face, or none at this index.
        ManyFaces: There are several, and `index` is None.
    """
    if not len(faces):
        raise NoFace("no face was found in the picture, one is needed")
    if index is None and len(faces) > 1:
        raise ManyFaces(f"{len(faces)} faces were found in the picture, one is allowed where face_index is not given")
    if index is not None and index >= len(faces):
        raise NoFace(f"face_index is {index}, {len(faces)} faces were found in the picture")
    return np.array([index or 0])
