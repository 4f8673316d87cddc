"""Where does a distilled embedder differ from its teacher more: on faces it was trained with, or on new people?

    facegrid export embedder
    facegrid export embedder --network inception_v3
    python -m benchmarks.accuracy.embedder_gap --data train_chips.npz --pairs pairs_2.npz  # two minutes on two cores

DATA is the pack of its training, PAIRS are the pairs whose people were left out (docs/training.md). Prints for each
kind of faces the mean square of the distance between the two versions' vectors, beside the variance of version 1's.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.recognition.teacher_vectors import vectors_of
from benchmarks.common.machine import conditions
from exporters.errors import TrainingError
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.aligned_faces import load_faces
from exporters.training.embedder.on_tensorflow.teacher import Teacher
from exporters.training.embedder.pairs import load_pairs
from exporters.training.embedder.views import Augmentation, middles, views

_CHIP_PX = EMBEDDERS[1].chip_px
_SEED = 1_000_003
"""Of the views; no training uses it."""

_KINDS = {
    "crops, turned, of other colours": Augmentation(blend_share=0),
    "the same, warped by up to 4 px": Augmentation(blend_share=0, warp_px=4),
    "means of two faces": Augmentation(blend_share=1),
    "one face beside another": Augmentation(blend_share=1, seam_share=1),
}


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.embedder_gap",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="the pack that it was trained with")
    parser.add_argument("--pairs", type=Path, required=True, help="the pairs that it was watched by")
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="exported versions (%(default)s)")
    parser.add_argument("--version", type=int, default=2, help="that was distilled from version 1 (%(default)s)")
    parser.add_argument("--faces", type=int, default=640, help="of each kind (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 2 where there are no faces or no versions."""
    args = build_parser().parse_args(argv)
    try:
        return _compare(args)
    except TrainingError as err:
        print(err.message, file=sys.stderr)
        return 2


def _compare(args: argparse.Namespace) -> int:
    teacher, learner = (
        Teacher(args.models_dir / "embedder" / str(version), chip_px=_CHIP_PX) for version in (1, args.version)
    )
    print(f"| {args.faces} faces | variance of version 1 | trained with | of people left out |")
    print("|---|---|---|---|")
    rng = np.random.default_rng(0)
    pictures = []
    scored = load_pairs(args.pairs, chip_px=_CHIP_PX).people
    for of_scored in (False, True):
        found = load_faces(args.data, chip_px=_CHIP_PX, scored=scored, of_scored=of_scored).pictures
        pictures.append(found[rng.permutation(len(found))[: args.faces]])
    for name, augmentation in {"as they are": None, **_KINDS}.items():
        chips = [_chips(some, augmentation) for some in pictures]
        taught = [vectors_of(teacher, some) for some in chips]
        learned = [vectors_of(learner, some) for some in chips]
        losses = [float(((one - other) ** 2).sum(axis=1).mean()) for one, other in zip(taught, learned, strict=True)]
        variance = float(np.concatenate(taught).var(axis=0).sum())
        print(f"| {name} | {variance:.3f} | {losses[0]:.3f} | {losses[1]:.3f} |", flush=True)
    print(f"\n{conditions('tensorflow', 'numpy')}")
    return 0


def _chips(pictures: NDArray[np.uint8], augmentation: Augmentation | None) -> NDArray[np.uint8]:
    if augmentation is None:
        return middles(pictures, _CHIP_PX)
    return views(pictures, np.arange(len(pictures)), 0, chip_px=_CHIP_PX, seed=_SEED, augmentation=augmentation)


if __name__ == "__main__":
    sys.exit(main())
