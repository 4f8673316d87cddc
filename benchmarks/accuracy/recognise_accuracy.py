"""How well are people recognised, and what does a distance between two faces mean?

Runs the whole pipeline (decoding, detection, alignment, embedder) over the set `identify` and over LFW's View 2: folds
0 to 2, or those whose people the version was not trained with. Prints in Markdown: accuracy, the rates of both errors
by distance, the rates at the default thresholds, and how many strangers are named by galleries of some sizes. The
networks run in this process, unless --target names a running service.

    python -m benchmarks.accuracy.recognise_accuracy                                    # about six minutes on two cores
    python -m benchmarks.accuracy.recognise_accuracy --vectors-file /tmp/vectors.npz --plot docs/images/thresholds.png
    python -m benchmarks.accuracy.recognise_accuracy --target 127.0.0.1:9000
"""

import argparse
import os
import sys
from collections.abc import Collection
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.recognition.embedders import (
    Choose,
    in_process,
    largest,
    most_central,
    read_vectors,
    served,
    write_vectors,
)
from benchmarks.accuracy.recognition.people import (
    FOLDS,
    UNSEEN_FOLDS,
    LfwPair,
    PersonPicture,
    read_pairs,
    read_portraits,
)
from benchmarks.accuracy.recognition.plot import draw_rates
from benchmarks.accuracy.recognition.report import (
    Vectors,
    compared,
    default_lines,
    fold_lines,
    gallery_lines,
    identify_default,
    identify_lines,
    lfw_vectors,
    rate_lines,
    small_gallery_lines,
)
from benchmarks.accuracy.recognition.verification import other_people
from benchmarks.common.machine import conditions
from benchmarks.common.paths import add_data_option
from exporters.signatures import EMBEDDER_VERSION


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.recognise_accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_option(parser)
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--version", type=int, default=EMBEDDER_VERSION, help="of the embedder (%(default)s)")
    parser.add_argument(
        "--folds", type=int, nargs="+", choices=FOLDS, help="of View 2 (those of whose people it learned nothing)"
    )
    parser.add_argument("--target", help="HOST:PORT of a running service to ask instead")
    parser.add_argument(
        "--vectors-file", type=Path, help="file to keep the vectors in, and to take them from next time"
    )
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the rates by distance")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the tables; returns 2 where the pictures are missing."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folds = args.folds or UNSEEN_FOLDS.get(args.version, FOLDS)
    pairs, portraits = read_pairs(args.data, folds), read_portraits(args.data)
    if not (pairs and portraits):
        print(f"no evaluation pictures of people in {args.data}", file=sys.stderr)
        return 2
    vectors = _vectors(pairs, portraits, args)
    print(f"LFW View 2, {_listed(folds)}:\n")
    _print(pairs, portraits, vectors, args)
    return 0


def _listed(folds: Collection[int]) -> str:
    if len(folds) == 1:
        return f"fold {min(folds)}, in parts"
    return f"folds {', '.join(map(str, folds))}"


def _vectors(pairs: list[LfwPair], portraits: list[PersonPicture], args: argparse.Namespace) -> Vectors:
    choices: dict[str, Choose] = dict.fromkeys(
        (file for pair in pairs for file in (pair.first, pair.second)), most_central
    )
    choices |= dict.fromkeys((portrait.file for portrait in portraits), largest)
    known = read_vectors(args.vectors_file) if args.vectors_file else {}
    missing = [name for name in choices if name not in known]
    if missing:
        with served(args.target) if args.target else in_process(args.models_dir, args.version) as embedder:
            for name in track(missing, description="embedding", console=Console(stderr=True)):
                known[name] = embedder.vector(args.data / name, choices[name])
        if args.vectors_file:
            write_vectors(args.vectors_file, known)
    return known


def _print(pairs: list[LfwPair], portraits: list[PersonPicture], vectors: Vectors, args: argparse.Namespace) -> None:
    comparisons = compared(pairs, vectors)
    faces, people = lfw_vectors(pairs, vectors)
    impostors = other_people(faces, people)
    print("\n".join(fold_lines(comparisons)), end="\n\n")
    print("\n".join(rate_lines(impostors, comparisons)), end="\n\n")
    # Of a version whose rates are not in the code yet this is the end, with what to put there.
    threshold = identify_default(args.version)
    blocks = [
        default_lines(impostors, comparisons, args.version),
        identify_lines(portraits, vectors, threshold),
        gallery_lines(faces, people, args.version),
        small_gallery_lines(faces, people, args.version),
        [conditions("tensorflow", "opencv-python-headless", "numpy", "pillow")],
    ]
    print("\n\n".join("\n".join(block) for block in blocks))
    if args.plot:
        draw_rates(args.plot, impostors, comparisons, args.version)


if __name__ == "__main__":
    sys.exit(main())
