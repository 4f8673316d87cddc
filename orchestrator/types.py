"""The types of the pipeline: plain arrays with names."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from facegrid.errors import InvalidOption

Image = NDArray[np.uint8]
"""An upright picture, RGB [height, width, 3]."""

FineImage = NDArray[np.uint16]
"""The same in units of 1 / PIXEL_UNIT, as the networks take it: [..., height, width, 3]."""

Chips = NDArray[np.uint8]
"""Aligned faces, RGB [N, S, S, 3], as an embedder takes them; S is `EmbedderContract.chip_px`."""

Floats = NDArray[np.float32]
Ints = NDArray[np.integer]

OPTION_RANGES = {
    "min_face_px": (12.0, 10_000.0),
    "pyramid_factor": (0.1, 0.95),
    "pnet_threshold": (0.0, 1.0),
    "rnet_threshold": (0.0, 1.0),
    "onet_threshold": (0.0, 1.0),
}
"""Least and greatest value of each option, both allowed."""


@dataclass(frozen=True, kw_only=True)
class DetectOptions:
    """How to look for faces; the defaults are the `mtcnn` package's (docs/accuracy.md).

    Raises:
        InvalidOption: A value is not a number or out of `OPTION_RANGES`.
    """

    min_face_px: float = 20.0
    """Side of the smallest face that is looked for, in pixels of the upright image."""
    pyramid_factor: float = 0.709
    """Ratio of each pyramid level to the one before: the areas halve."""
    pnet_threshold: float = 0.6
    """Proposals of pnet must score above this."""
    rnet_threshold: float = 0.7
    """Candidates must score above this in rnet."""
    onet_threshold: float = 0.8
    """Faces must score above this in onet."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = OPTION_RANGES[field.name]
            if not (math.isfinite(value) and low <= value <= high):
                raise InvalidOption(f"{field.name} is {value:g}, allowed are {low:g} to {high:g}")


@dataclass(frozen=True)
class Candidates:
    """Boxes with scores on the way through the cascade.

    Boxes are float32 [N, 4], x_min, y_min, x_max, y_max in pixels of the image, and may reach
    beyond it; scores are float32 [N], range [0, 1].
    """

    boxes: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Candidates":
        """Returns the candidates at `index`, in its order."""
        return Candidates(self.boxes[index], self.scores[index])


@dataclass(frozen=True)
class Detections:
    """The faces of one image, best score first."""

    boxes: Floats
    """[N, 4]: x_min, y_min, x_max, y_max, clipped to [0, width - 1] and [0, height - 1]."""
    scores: Floats
    """[N], range [0, 1]."""
    landmarks: Floats
    """[N, 5, 2]: x, y of left eye, right eye, nose, mouth left, mouth right (the viewer's left); not clipped."""
    dropped_candidates: int = 0
    """Proposals beyond the bound on candidates, which were dropped."""

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Detections":
        """Returns the faces at `index`, in its order."""
        return Detections(self.boxes[index], self.scores[index], self.landmarks[index], self.dropped_candidates)


@dataclass(frozen=True)
class Embeddings:
    """Vectors of faces, all of one embedder version: only those may be compared."""

    vectors: Floats
    """[N, D], raw or unit as `exporters.signatures.EMBEDDERS[version].metric` says."""
    version: int
    """Version of the embedder that answered: a key of `exporters.signatures.EMBEDDERS`."""

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class RecognizedFaces:
    """The faces of one image with their chips and vectors, all in the same order, best score first."""

    faces: Detections
    chips: Chips
    embeddings: Embeddings

    def __len__(self) -> int:
        return len(self.faces)
