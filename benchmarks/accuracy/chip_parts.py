"""How much of an embedder's vectors depends on the edge of a chip, and how much on its resolution?

    facegrid export embedder
    python -m benchmarks.accuracy.chip_parts --data train_chips.npz      # a minute on two cores

Each chip gets the edge of another one, in some widths; then it is shrunk to some sides and enlarged again. Prints how
far that moves its vector, as the mean square of the distance, beside the variance of the vectors. A network whose input
is the middle of a chip, or a smaller chip, loses at most this.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.recognition.teacher_vectors import vectors_of
from benchmarks.common.machine import conditions
from exporters.errors import TrainingError
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.aligned_faces import load_faces
from exporters.training.embedder.on_tensorflow.teacher import Teacher, Vectors
from exporters.training.embedder.views import middles

_CHIP_PX = EMBEDDERS[1].chip_px
_EDGES_PX = (5, 10, 15, 25)
_SIDES_PX = (120, 100, 75)

Chips = NDArray[np.uint8]


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.chip_parts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="pack or folder of aligned faces")
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="exported versions (%(default)s)")
    parser.add_argument("--version", type=int, default=1, help="of the embedder (%(default)s)")
    parser.add_argument("--faces", type=int, default=640, help="how many (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 2 where there are no faces or no such version."""
    args = build_parser().parse_args(argv)
    try:
        embedder = Teacher(args.models_dir / "embedder" / str(args.version), chip_px=_CHIP_PX)
        pictures = load_faces(args.data, chip_px=_CHIP_PX).pictures
    except TrainingError as err:
        print(err.message, file=sys.stderr)
        return 2
    chosen = np.random.default_rng(0).permutation(len(pictures))[: args.faces]
    chips = middles(pictures[chosen], _CHIP_PX)
    vectors = vectors_of(embedder, chips)
    print(f"| {len(chips)} faces | mean square of the distance |\n|---|---|")
    print(f"| from the mean of all: the variance | {vectors.var(axis=0).sum():.3f} |")
    for edge_px in _EDGES_PX:
        print(f"| with another's outer {edge_px} px | {_moved(embedder, _edged(chips, edge_px), vectors):.4f} |")
    for side_px in _SIDES_PX:
        print(f"| shrunk to {side_px} px and enlarged | {_moved(embedder, _shrunk(chips, side_px), vectors):.4f} |")
    print(f"\n{conditions('tensorflow', 'numpy', 'pillow')}")
    return 0


def _moved(embedder: Teacher, changed: Chips, vectors: Vectors) -> float:
    return float(((vectors_of(embedder, changed) - vectors) ** 2).sum(axis=1).mean())


def _edged(chips: Chips, edge_px: int) -> Chips:
    changed = np.roll(chips, 1, axis=0)
    inside = slice(edge_px, -edge_px)
    changed[:, inside, inside] = chips[:, inside, inside]
    return changed


def _shrunk(chips: Chips, side_px: int) -> Chips:
    full, small = (_CHIP_PX, _CHIP_PX), (side_px, side_px)
    images = (Image.fromarray(chip).resize(small, Image.Resampling.BILINEAR) for chip in chips)
    return np.array([np.asarray(image.resize(full, Image.Resampling.BICUBIC)) for image in images])


if __name__ == "__main__":
    sys.exit(main())
