"""The aligned faces of LFW's pairs, cut by our own pipeline, for `facegrid train embedder --pairs`.

Finds the face of every picture of View 2, folds 0 to 2, as `benchmarks.accuracy.recognise_accuracy` does, and keeps the
chip for the embedder, so that a training can be scored without a detector. Its people, lfw/NAME, are left out of the
training; to train with those of some folds, name the other folds.

    python -m benchmarks.training.pair_chips --models-dir models pairs.npz    # about five minutes on two cores
    python -m benchmarks.training.pair_chips --folds 2 -- pairs_2.npz
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.recognition.embedders import Chip, in_process, most_central
from benchmarks.accuracy.recognition.people import FOLDS, lfw_person, read_pairs
from benchmarks.common.paths import add_data_option
from exporters.signatures import EMBEDDERS


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.pair_chips",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_option(parser)
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--folds", type=int, nargs="+", choices=FOLDS, default=FOLDS, help="of View 2 (all three)")
    parser.add_argument("file", type=Path, metavar="NPZ", help="the file to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Writes the file; returns 2 where the pictures are missing."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    pairs = read_pairs(args.data, args.folds)
    if not pairs:
        print(f"no pairs of people in {args.data}", file=sys.stderr)
        return 2
    names = list(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second)))
    side = EMBEDDERS[1].chip_px
    chips: list[Chip] = []
    places = dict.fromkeys(names, -1)
    with in_process(args.models_dir, 1) as embedder:
        for name in track(names, description="cutting", console=Console(stderr=True)):
            chip = embedder.chip(args.data / name, most_central)
            if chip is not None:
                places[name] = len(chips)
                chips.append(chip)
    with args.file.open("wb") as file:
        np.savez(
            file,
            chips=np.array(chips, np.uint8).reshape(-1, side, side, 3),
            first=np.array([places[pair.first] for pair in pairs]),
            second=np.array([places[pair.second] for pair in pairs]),
            same=np.array([pair.same for pair in pairs]),
            fold=np.array([pair.fold for pair in pairs]),
            people=np.array(sorted({f"lfw/{lfw_person(name)}" for name in names})),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
