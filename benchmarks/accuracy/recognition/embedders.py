"""The face of a picture as a vector: by our pipeline in this process, or by our running service."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import facegrid
from benchmarks.accuracy.detection.detectors import read_image
from benchmarks.common.in_process import InProcessPredictor
from orchestrator.deadline import Deadline
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.recognize import recognize_faces
from orchestrator.settings import Settings
from orchestrator.types import DetectOptions, RecognizedFaces

Vector = NDArray[np.float32]
Chip = NDArray[np.uint8]

_TIMEOUT_S = 600.0


Choose = Callable[[NDArray[np.floating], int, int], int]
"""Returns the index of the box to use, of [N, 4] with N at least 1, in a picture of that width and height."""


def most_central(boxes: NDArray[np.floating], width_px: int, height_px: int) -> int:
    """Returns the index of the box whose middle is nearest to the picture's: the rule for LFW."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return int(np.hypot(*(middles - [width_px / 2, height_px / 2]).T).argmin())


def largest(boxes: NDArray[np.floating], width_px: int, height_px: int) -> int:  # noqa: ARG001 - see `Choose`
    """Returns the index of the largest box: the rule for pictures of one person, who may be off the middle."""
    return int((boxes[:, 2:] - boxes[:, :2]).prod(axis=1).argmax())


class PipelineEmbedder:
    """Our pipeline, with the exported networks in this process; see `in_process`."""

    def __init__(self, predictor: InProcessPredictor, loop: asyncio.Runner, version: int) -> None:
        self._predictor = predictor
        self._loop = loop
        self._version = version

    def vector(self, path: Path, choose: Choose) -> Vector | None:
        """Returns the vector of the chosen face, or None where no face is found."""
        found = self._loop.run(self._recognized(path, choose))
        return None if found is None else found.embeddings.vectors[0]

    def chip(self, path: Path, choose: Choose) -> Chip | None:
        """Returns the aligned face that the embedder takes, uint8 [S, S, 3], or None if no face is found."""
        found = self._loop.run(self._recognized(path, choose))
        return None if found is None else found.chips[0]

    async def _recognized(self, path: Path, choose: Choose) -> RecognizedFaces | None:
        image, deadline = read_image(path), Deadline(_TIMEOUT_S)
        faces = await detect(
            image, DetectOptions(), self._predictor, max_candidates=Settings.max_candidates, deadline=deadline
        )
        if not len(faces):
            return None
        height, width = image.shape[:2]
        meant = faces.take(np.array([choose(faces.boxes, width, height)]))
        return await recognize_faces(image, meant, self._predictor, version=self._version, deadline=deadline)


class ServiceEmbedder:
    """Our service, asked over gRPC as any client asks it; its default version answers."""

    def __init__(self, client: facegrid.Client) -> None:
        self._client = client

    def vector(self, path: Path, choose: Choose) -> Vector | None:
        """Returns the vector of the chosen face, or None where no face is found."""
        found = self._client.embed(path)
        if not found:
            return None
        height, width = read_image(path).shape[:2]
        boxes = [(box.x_min, box.y_min, box.x_max, box.y_max) for box in (one.face.box for one in found)]
        return found[choose(np.array(boxes), width, height)].vector


@contextmanager
def in_process(models_dir: Path, version: int) -> Iterator[PipelineEmbedder]:
    """Gives our pipeline in this process, with the networks under `models_dir`."""
    with asyncio.Runner() as loop:
        predictor = InProcessPredictor(models_dir)
        loop.run(predictor.start())
        try:
            yield PipelineEmbedder(predictor, loop, version)
        finally:
            loop.run(predictor.close())


@contextmanager
def served(target: str) -> Iterator[ServiceEmbedder]:
    """Gives the service at `target`, HOST:PORT."""
    with facegrid.connect(target) as client:
        client.wait_until_ready()
        yield ServiceEmbedder(client)


def read_vectors(path: Path) -> dict[str, Vector | None]:
    """Returns the vectors in a file, by the picture's name; none where there is no file."""
    if not path.exists():
        return {}
    with np.load(path) as rows:
        return {name: rows[name] if rows[name].size else None for name in rows.files}


def write_vectors(path: Path, vectors: Mapping[str, Vector | None]) -> None:
    """Writes vectors to a file; a picture without a face has an empty one."""
    rows = {name: np.empty(0, np.float32) if vector is None else vector for name, vector in vectors.items()}
    with path.open("wb") as file:
        # The argument names are the pictures' names, which mypy takes for savez's own options.
        np.savez_compressed(file, **rows)  # type: ignore[arg-type]
