"""Between the messages of facegrid.v1 and the pipeline's types."""

from exporters.signatures import LANDMARKS
from facegrid.v1 import face_pb2, geometry_pb2
from orchestrator.types import OPTION_RANGES, Detections, DetectOptions, Floats


def to_options(message: face_pb2.DetectOptions) -> DetectOptions:
    """Returns the options of a request, with defaults for those not set.

    Raises:
        InvalidOption: A value is out of its range.
    """
    return DetectOptions(**{name: getattr(message, name) for name in OPTION_RANGES if message.HasField(name)})


def to_faces(found: Detections) -> list[face_pb2.Face]:
    """Returns the faces in their order."""
    return [
        face_pb2.Face(box=_box(box), score=float(score), landmarks=_landmarks(points))
        for box, score, points in zip(found.boxes, found.scores, found.landmarks, strict=True)
    ]


def _box(box: Floats) -> geometry_pb2.BoundingBox:
    x_min, y_min, x_max, y_max = box.tolist()
    return geometry_pb2.BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)


def _landmarks(points: Floats) -> geometry_pb2.Landmarks:
    return geometry_pb2.Landmarks(
        **{name: geometry_pb2.Point(x=x, y=y) for name, (x, y) in zip(LANDMARKS, points.tolist(), strict=True)}
    )
