"""Faces and the options to find them: from and to the messages of facegrid.v1."""

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
        to_face(box, float(score), points)
        for box, score, points in zip(found.boxes, found.scores, found.landmarks, strict=True)
    ]


def to_face(box: Floats, score: float, landmarks: Floats) -> face_pb2.Face:
    """Returns one face.

    Args:
        box: [4], x_min, y_min, x_max, y_max in pixels of the upright image.
        score: Range [0, 1].
        landmarks: [5, 2], x and y in pixels in the order of `exporters.signatures.LANDMARKS`.
    """
    return face_pb2.Face(box=_box(box), score=score, landmarks=_landmarks(landmarks))


def _box(box: Floats) -> geometry_pb2.BoundingBox:
    x_min, y_min, x_max, y_max = box.tolist()
    return geometry_pb2.BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)


def _landmarks(points: Floats) -> geometry_pb2.Landmarks:
    return geometry_pb2.Landmarks(
        **{name: geometry_pb2.Point(x=x, y=y) for name, (x, y) in zip(LANDMARKS, points.tolist(), strict=True)}
    )
