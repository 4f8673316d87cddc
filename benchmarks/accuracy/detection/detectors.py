"""The detectors to compare: the `mtcnn` package, our pipeline in this process, and our running service."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

import facegrid
from benchmarks.common.in_process import InProcessPredictor
from orchestrator.deadline import Deadline
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.settings import Settings
from orchestrator.types import Detections, DetectOptions, Image

ONET_THRESHOLD = 0.7
"""Least score requested from every detector. A higher threshold only removes faces: see `above`."""

_TIMEOUT_S = 600.0


class EvaluatedDetector(Protocol):
    """Finds the faces of a picture that score above `ONET_THRESHOLD`, best first."""

    def detect(self, path: Path) -> Detections:
        """Returns the faces."""
        ...


def above(faces: Detections, threshold: float) -> Detections:
    """Returns the faces that score above `threshold`, the same as a run with this threshold gives.

    ONet's threshold comes before its suppression, but suppression drops a face only for a better one.
    """
    keep = faces.scores > threshold
    return Detections(faces.boxes[keep], faces.scores[keep], faces.landmarks[keep], faces.dropped_candidates)


def whole_pixels(faces: Detections) -> Detections:
    """Returns the faces as the `mtcnn` package's JSON output rounds them: corner, sides and points to whole pixels."""
    corner, sides = faces.boxes[:, :2].round(), (faces.boxes[:, 2:] - faces.boxes[:, :2]).round()
    boxes = np.concatenate([corner, corner + sides], axis=1)
    return Detections(boxes, faces.scores, faces.landmarks.round(), faces.dropped_candidates)


def read_image(path: Path) -> Image:
    """Returns the picture as the service decodes it, whatever its size."""
    size = path.stat().st_size
    return decode(path.read_bytes(), ImageLimits(max_image_bytes=size, max_image_px=10**9, max_image_side_px=10**6))


class MtcnnDetector:
    """The `mtcnn` package, which loads all of TensorFlow and Keras."""

    def __init__(self) -> None:
        from mtcnn import MTCNN  # noqa: PLC0415 - takes seconds

        self._mtcnn = MTCNN()

    def detect(self, path: Path) -> Detections:
        """See `EvaluatedDetector`."""
        rows = self._mtcnn.detect_faces(
            read_image(path),
            min_face_size=20,
            threshold_onet=ONET_THRESHOLD,
            output_type="numpy",
            box_format="xyxy",
        )
        # [N, 16]: image, box, score, five x, five y; of another width where there is no face.
        rows = np.asarray(rows, np.float32) if len(rows) else np.empty((0, 16), np.float32)
        points = np.stack([rows[:, 6:11], rows[:, 11:16]], axis=2)  # [N, 5, 2]
        order = np.argsort(-rows[:, 5], kind="stable")
        return Detections(rows[order, 1:5], rows[order, 5], points[order])


class PipelineDetector:
    """Our pipeline, with the exported networks in this process; see `in_process`."""

    def __init__(self, predictor: InProcessPredictor, loop: asyncio.Runner) -> None:
        self._predictor = predictor
        self._loop = loop

    def detect(self, path: Path) -> Detections:
        """See `EvaluatedDetector`."""
        return self.detect_image(read_image(path))

    def detect_image(self, image: Image) -> Detections:
        """Returns the faces of an image RGB uint8 [height, width, 3]."""
        call = detect(
            image,
            DetectOptions(onet_threshold=ONET_THRESHOLD),
            self._predictor,
            max_candidates=Settings.max_candidates,
            deadline=Deadline(_TIMEOUT_S),
        )
        return self._loop.run(call)


class ServiceDetector:
    """Our service, asked over gRPC as any client asks it."""

    def __init__(self, client: facegrid.Client) -> None:
        self._client = client

    def detect(self, path: Path) -> Detections:
        """See `EvaluatedDetector`."""
        found = self._client.detect_detailed(path, onet_threshold=ONET_THRESHOLD)
        boxes = [(face.box.x_min, face.box.y_min, face.box.x_max, face.box.y_max) for face in found.faces]
        points = [
            [(p.x, p.y) for p in (m.left_eye, m.right_eye, m.nose, m.mouth_left, m.mouth_right)]
            for m in (face.landmarks for face in found.faces)
        ]
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array([face.score for face in found.faces], np.float32),
            np.array(points, np.float32).reshape(-1, 5, 2),
            found.dropped_candidates,
        )


@contextmanager
def in_process(models_dir: Path) -> Iterator[PipelineDetector]:
    """Gives our pipeline in this process, with the newest version of each network under `models_dir`."""
    with asyncio.Runner() as loop:
        predictor = InProcessPredictor(models_dir)
        loop.run(predictor.start())
        try:
            yield PipelineDetector(predictor, loop)
        finally:
            loop.run(predictor.close())


@contextmanager
def served(target: str) -> Iterator[ServiceDetector]:
    """Gives the service at `target`, HOST:PORT."""
    with facegrid.connect(target) as client:
        client.wait_until_ready()
        yield ServiceDetector(client)
