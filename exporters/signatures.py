"""The contract between the networks and everything that calls them.

Every input has a fixed shape but for the batch dimension (`None`), so that a model server can
batch requests of different callers, and no caller can spoil the batch of another.

To the detectors pictures travel as uint16 RGB in units of 1 / PIXEL_UNIT, half the bytes of float32;
scaling is in the graph. Whole pixel values (uint8) would be half of that again, but lose what averaging
and blending of pixels leave between them: one face in twenty then has another best proposal than the
reference, and its box or landmarks move visibly (docs/accuracy.md). The embedder takes uint8, which is
what it was trained on.

This file needs the standard library alone: the orchestrator imports it and nothing else of
`exporters`.
"""

from dataclasses import dataclass
from typing import Literal

SERVING_DEFAULT = "serving_default"

TILE_PX = 144
"""Side of the square tiles that the levels of an image pyramid are packed into (benchmarks/speed/tile_size.py)."""

TILE_TOP_K = 128
"""Cells that pnet's default signature returns for each tile, best first; signature `maps` returns all."""

PIXEL_UNIT = 256
"""Steps of an input between two neighbouring pixel values: an input of 255 * 256 is white."""

OUTSIDE = 65_535
"""All three channels of a pixel of a tile that continues a picture of odd size: more than white, so that
pnet's pooling can pass it over, as it passes over what lies beyond a picture that it is given alone."""

PNET_FIELD_PX = 12
"""Side of the square that one cell of pnet looks at (its receptive field)."""

PNET_STRIDE_PX = 2
"""Distance between neighbouring cells of pnet."""

RNET_CROP_PX = 24
ONET_CROP_PX = 48

LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
"""Order of onet's points; left and right are the viewer's."""

MAP_CELLS = (TILE_PX - PNET_FIELD_PX) // PNET_STRIDE_PX + 1
"""Cells of pnet along one side of a tile."""

DType = Literal["uint8", "uint16", "int32", "float32"]


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of a signature."""

    dtype: DType
    shape: tuple[int | None, ...]
    """Sizes of the dimensions; None is the batch dimension, always the first."""


@dataclass(frozen=True)
class SignatureSpec:
    """The inputs and outputs of a network under one signature name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


@dataclass(frozen=True)
class ModelContract:
    """A model slot: any network with these signatures fits."""

    name: str
    signatures: dict[str, SignatureSpec]


PNET = ModelContract(
    name="pnet",
    signatures={
        # The best TILE_TOP_K cells of each tile, best score first. A cell is row * MAP_CELLS + column.
        SERVING_DEFAULT: SignatureSpec(
            inputs={"tiles": TensorSpec("uint16", (None, TILE_PX, TILE_PX, 3))},
            outputs={
                "scores": TensorSpec("float32", (None, TILE_TOP_K)),
                "cells": TensorSpec("int32", (None, TILE_TOP_K)),
                "offsets": TensorSpec("float32", (None, TILE_TOP_K, 4)),
            },
        ),
        # Every cell: for tests, and for tiles in which more than TILE_TOP_K cells pass the threshold.
        "maps": SignatureSpec(
            inputs={"tiles": TensorSpec("uint16", (None, TILE_PX, TILE_PX, 3))},
            outputs={
                "scores": TensorSpec("float32", (None, MAP_CELLS, MAP_CELLS)),
                "offsets": TensorSpec("float32", (None, MAP_CELLS, MAP_CELLS, 4)),
            },
        ),
    },
)
"""Offsets are x_min, y_min, x_max, y_max of the box relative to the cell's field, in units of its side."""

RNET = ModelContract(
    name="rnet",
    signatures={
        SERVING_DEFAULT: SignatureSpec(
            inputs={"crops": TensorSpec("uint16", (None, RNET_CROP_PX, RNET_CROP_PX, 3))},
            outputs={
                "scores": TensorSpec("float32", (None,)),
                "offsets": TensorSpec("float32", (None, 4)),
            },
        ),
    },
)
"""Offsets as pnet's, in units of the crop's sides."""

ONET = ModelContract(
    name="onet",
    signatures={
        SERVING_DEFAULT: SignatureSpec(
            inputs={"crops": TensorSpec("uint16", (None, ONET_CROP_PX, ONET_CROP_PX, 3))},
            outputs={
                "scores": TensorSpec("float32", (None,)),
                "offsets": TensorSpec("float32", (None, 4)),
                "landmarks": TensorSpec("float32", (None, len(LANDMARKS), 2)),
            },
        ),
    },
)
"""Offsets as rnet's. Landmarks are x, y in units of the crop's sides from its top-left corner."""

FIVE_POINTS = "five_points"
"""Name of the alignment template of embedder version 1."""

TEMPLATES = {
    FIVE_POINTS: (
        (46.92 / 150, 45.01 / 150),
        (100.67 / 150, 45.01 / 150),
        (73.79 / 150, 77.18 / 150),
        (48.85 / 150, 99.75 / 150),
        (98.73 / 150, 99.75 / 150),
    ),
}
"""Alignment templates by name: x, y of each of `LANDMARKS` in units of the chip's side.

`FIVE_POINTS` is where onet's points lie, on average, in the chips that dlib cuts by its own five points
(padding 0.25): the mean over 66 faces, mirrored, checked on 123 others (docs/models.md).
"""


@dataclass(frozen=True)
class EmbedderContract:
    """One version of the slot `embedder`, and what its vectors mean.

    A version is a vector space: distances between vectors of two versions mean nothing. So its number
    is fixed here, stored with every vector, and sent in every request.
    """

    version: int
    """Number of its folder, and of its requests; 1 or more."""
    network: str
    """The network; a file in exporters/networks."""
    chip_px: int
    """Side of the aligned faces that it takes."""
    template: str
    """Where the landmarks lie in a chip: a key of `TEMPLATES`."""
    dimension: int
    """Numbers of a vector."""
    metric: Literal["euclidean, raw", "euclidean, unit"]
    """Distance to compare vectors with, and whether they come as they are (raw) or with length 1 (unit)."""

    @property
    def model(self) -> ModelContract:
        """The signatures of this version."""
        return ModelContract(
            name="embedder",
            signatures={
                SERVING_DEFAULT: SignatureSpec(
                    inputs={"chips": TensorSpec("uint8", (None, self.chip_px, self.chip_px, 3))},
                    outputs={"embeddings": TensorSpec("float32", (None, self.dimension))},
                ),
            },
        )


EMBEDDERS = {
    contract.version: contract
    for contract in (
        EmbedderContract(
            version=1,
            network="dlib_resnet",
            chip_px=150,
            template=FIVE_POINTS,
            dimension=128,
            metric="euclidean, raw",
        ),
        EmbedderContract(
            version=2,
            network="inception_v3",
            chip_px=150,
            template=FIVE_POINTS,
            dimension=128,
            metric="euclidean, raw",
        ),
    )
}
"""Every embedder by its version."""

EMBEDDER_VERSION = 1
"""The default version: it answers unless a gallery holds vectors of another one."""

EMBEDDER = EMBEDDERS[EMBEDDER_VERSION].model
"""Embeddings are in the order of the chips, as the version's metric says."""

NOISE_DIM = 64
"""Numbers that a generated picture is made of, besides its labels; standard normal."""

LABELS = 10
"""The digits, 0 to 9. A vector of labels has a weight for each, at least 0 and together 1."""

DIGIT_PX = 28
"""Side of the pictures of digits: grey, 0 black, 255 white, drawn white on black."""

_IMAGES = {"images": TensorSpec("uint8", (None, DIGIT_PX, DIGIT_PX, 1))}
_DIGITS = {"labels": TensorSpec("float32", (None, LABELS))}

GENERATOR = ModelContract(
    name="generator",
    signatures={
        SERVING_DEFAULT: SignatureSpec(
            inputs={"noise": TensorSpec("float32", (None, NOISE_DIM)), **_DIGITS}, outputs=_IMAGES
        ),
    },
)
"""Equal weights for two labels ask for a picture that is both."""

DISCRIMINATOR = ModelContract(
    name="discriminator",
    signatures={
        SERVING_DEFAULT: SignatureSpec(
            inputs={**_IMAGES, **_DIGITS}, outputs={"logits": TensorSpec("float32", (None,))}
        ),
    },
)
"""A logit above 0 means: a real picture of these labels; below 0: a generated one."""

CONTRACTS = {contract.name: contract for contract in (PNET, RNET, ONET, EMBEDDER, GENERATOR, DISCRIMINATOR)}
"""Every model slot by name; the embedder in its default version."""


def contract_of(model: str, version: int | None = None) -> ModelContract:
    """Returns the contract of a model.

    Args:
        model: A key of `CONTRACTS`.
        version: The version; only those of the embedder have different contracts.

    Raises:
        KeyError: There is no such model, or no such version of the embedder.
    """
    if model == EMBEDDER.name and version is not None:
        return EMBEDDERS[version].model
    return CONTRACTS[model]
