"""Pictures and faces: what `detect` takes and returns.

Positions are pixels of the upright image (EXIF orientation applied): the origin is the top-left
corner, x grows to the right, y downwards. Left and right are the viewer's, not the person's.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray

    from facegrid.errors import FacegridError

    ImageSource = str | os.PathLike[str] | bytes | bytearray | memoryview | NDArray[np.uint8]
else:
    # At run time this only stands in annotations; naming numpy here would load it.
    ImageSource = Any
"""A path; the bytes of a picture file; or an array uint8 [height, width, 3] in RGB order."""

SourceT = TypeVar("SourceT", bound="ImageSource")
AnySourceT = TypeVar("AnySourceT")
ResultT = TypeVar("ResultT")


class DetectOptions(TypedDict, total=False):
    """How to look for faces. An option that is absent or None takes the service's default."""

    min_face_px: float | None
    """Side of the smallest face to be found, in pixels of the upright image. Range [12, 10000], default 20."""
    pyramid_factor: float | None
    """Ratio of each level of the image pyramid to the one before it. Range [0.1, 0.95], default 0.709."""
    pnet_threshold: float | None
    """Least score for a proposal of pnet. Range [0, 1], default 0.6."""
    rnet_threshold: float | None
    """Least score for a candidate to pass rnet. Range [0, 1], default 0.7."""
    onet_threshold: float | None
    """Least score for a face to be reported. Range [0, 1], default 0.8."""


@dataclass(frozen=True, slots=True)
class Point:
    """A position. May lie outside the image where a face does."""

    x: float
    """Distance from the left edge, in pixels."""
    y: float
    """Distance from the top edge, in pixels."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """An upright rectangle inside the image."""

    x_min: float
    """Left edge, in pixels."""
    y_min: float
    """Top edge, in pixels."""
    x_max: float
    """Right edge, in pixels; never less than `x_min`."""
    y_max: float
    """Bottom edge, in pixels; never less than `y_min`."""

    @property
    def width(self) -> float:
        """Distance between the left and the right edge, in pixels."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Distance between the top and the bottom edge, in pixels."""
        return self.y_max - self.y_min


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face. Of an upright face, `left_eye` has the smaller x."""

    left_eye: Point
    """Centre of the eye on the left side of the image."""
    right_eye: Point
    """Centre of the eye on the right side of the image."""
    nose: Point
    """Tip of the nose."""
    mouth_left: Point
    """Corner of the mouth on the left side of the image."""
    mouth_right: Point
    """Corner of the mouth on the right side of the image."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a picture."""

    box: BoundingBox
    """Where it is."""
    score: float
    """Confidence that this is a face. Range [0, 1]."""
    landmarks: Landmarks
    """Where its eyes, nose and mouth are."""


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of detecting the faces in a picture."""

    faces: list[Face]
    """Best score first; empty where there is no face."""
    image_width_px: int
    """Width of the upright image."""
    image_height_px: int
    """Height of the upright image."""
    dropped_candidates: int
    """Proposals that were skipped because the picture had more than the service's bound.
    0 on all but extreme pictures; otherwise faces of low score may be missing."""
    warnings: list[str] = field(default_factory=list)
    """What is wrong with the file although all of its pixels could be read, a sentence each; mostly empty."""


@dataclass(frozen=True, slots=True)
class StreamItem(Generic[AnySourceT, ResultT]):
    """The answer to one picture of many: a result, or the error in its place."""

    index: int
    """Position of the picture in the iterable, from 0."""
    source: AnySourceT = field(repr=False)
    """The picture as it was given. The repr, which may end up in a log, leaves it out."""
    result: ResultT | None
    """The result; None where there is an error."""
    error: "FacegridError | OSError | None"
    """Why there is no result; an OSError where the file could not be read."""
    elapsed_s: float
    """Seconds from reading the picture to its answer, waiting behind other pictures included."""
    work_s: float | None = None
    """Seconds that the service worked on the picture, without any wait; None where it did not, or does not say."""

    def require(self) -> ResultT:
        """Returns the result.

        Raises:
            FacegridError: the picture's error, where it has one.
            OSError: the file could not be read.
        """
        if self.result is None:
            raise self.error or AssertionError("an item has a result or an error")
        return self.result


class DetectedItem(StreamItem[SourceT, Detection], Generic[SourceT]):
    """The answer to one picture of `detect_many`."""

    __slots__ = ()

    @property
    def detection(self) -> Detection | None:
        """What was found; None where there is an error."""
        return self.result

    @property
    def faces(self) -> list[Face]:
        """The faces found, best score first; raises the picture's error, where it has one."""
        return self.require().faces


class Health(StrEnum):
    """The service's own report of its health (grpc.health.v1)."""

    UNKNOWN = "unknown"
    SERVING = "serving"
    NOT_SERVING = "not_serving"
    SERVICE_UNKNOWN = "service_unknown"
