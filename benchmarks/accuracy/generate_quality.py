"""Do generated digits show the requested label, vary as real ones do, and show two digits if two are requested?

A judge that took no part in the training reads them (`benchmarks/accuracy/digits/judge.py`; the first run trains it,
which takes some minutes). Prints the tables of docs/accuracy.md in Markdown; --pictures draws its pictures, too.

    python -m benchmarks.accuracy.generate_quality --data mnist.npz
    python -m benchmarks.accuracy.generate_quality --data mnist.npz --pictures docs/images
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.machine import conditions
from benchmarks.common.paths import add_data_option
from exporters.signatures import LABELS, SERVING_DEFAULT
from exporters.versions import versions
from orchestrator.pipeline.noise import noise_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.accuracy.digits.judge import Judge, trained_judge
from benchmarks.accuracy.digits.measures import PAIRS, PLAINLY_ONE, both_first, frechet_distance, nearest
from benchmarks.accuracy.digits.pictures import draw_blends, draw_nearest
from exporters.saved_model.graph import ModelGraph, loaded
from exporters.training.digits.mnist import Digits, load_digits
from exporters.training.digits.spread import mean_distance

_A_CLASS = 1_000
_SEEDS = 1_000
_COPIES = 50
_BATCH = 500

Images = NDArray[np.uint8]


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.generate_quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_option(parser, "mnist.npz", words=("download",))
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--judge", type=Path, default=Path("out/judge.keras"), help="where the judge is kept")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw pictures into this folder")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the tables; returns 2 where there is no generator."""
    args = build_parser().parse_args(argv)
    present = versions(args.models_dir / "generator")
    if not present:
        print(f"no generator in {args.models_dir}: run `facegrid export generator`", file=sys.stderr)
        return 2
    train, test = load_digits(str(args.data))
    judge = trained_judge(train, args.judge)
    right = (judge.probabilities(test.images).argmax(axis=1) == test.labels).mean()
    print(f"\nThe judge reads {right:.2%} of the {len(test.images):,} test digits rightly.\n")
    with loaded(present[max(present)]) as network:
        singles = _singles(network)
        _report_singles(singles, judge)
        _report_variety(singles, train, test)
        _report_distribution(singles, train, judge)
        _report_copies(singles, train, test, args.pictures)
        _report_blends(network, judge)
        if args.pictures:
            draw_blends(args.pictures / "blends.png", lambda labels: _drawn(network, labels, seeds=[7] * len(labels)))
    print(f"\n{conditions('tensorflow', 'keras', 'numpy')}")
    return 0


@dataclass(frozen=True)
class _Singles:
    """Generated digits of one label each."""

    images: Images
    labels: NDArray[np.intp]


def _drawn(network: ModelGraph, labels: NDArray[np.float32], seeds: Sequence[int]) -> Images:
    """Returns the first picture of each seed with its row of labels [N, 10], as the service draws it: [N, 28, 28]."""
    noise = np.concatenate([noise_of(seed, 0, 1) for seed in seeds])
    parts = [
        network.run(SERVING_DEFAULT, {"noise": noise[at : at + _BATCH], "labels": labels[at : at + _BATCH]})["images"]
        for at in range(0, len(labels), _BATCH)
    ]
    return np.concatenate(parts)[..., 0]


def _singles(network: ModelGraph) -> _Singles:
    labels = np.repeat(np.arange(LABELS), _A_CLASS)
    images = _drawn(network, np.eye(LABELS, dtype=np.float32)[labels], range(len(labels)))
    return _Singles(images, labels)


def _report_singles(singles: _Singles, judge: Judge) -> None:
    right = judge.probabilities(singles.images).argmax(axis=1) == singles.labels
    shares = [right[singles.labels == digit].mean() for digit in range(LABELS)]
    print(f"Read as asked: **{right.mean():.2%}** of {len(right):,}; by digit:\n")
    print(_row(range(LABELS)), _row(["---"] * LABELS), _row(f"{share:.1%}" for share in shares), sep="\n")


def _report_variety(singles: _Singles, train: Digits, test: Digits) -> None:
    print("\n| digit | mean distance of two generated | of two real (test) | ratio | real (train), ratio |")
    print("|---|---|---|---|---|")
    for digit in range(LABELS):
        made = mean_distance(singles.images[singles.labels == digit])
        real = mean_distance(test.images[test.labels == digit])
        other = mean_distance(train.images[train.labels == digit][:_A_CLASS])
        print(_row([digit, f"{made:.2f}", f"{real:.2f}", f"{made / real:.3f}", f"{other / real:.3f}"]))


def _report_distribution(singles: _Singles, train: Digits, judge: Judge) -> None:
    """Compares with real digits, as many of each label, and beside it real ones with others."""
    count = _A_CLASS * LABELS
    halves = np.random.default_rng(0).permutation(len(train.images))[: 2 * count].reshape(2, count)
    first, second = (judge.features(train.images[half]) for half in halves)
    made = frechet_distance(judge.features(singles.images), first)
    print(
        f"\nFrechet distance on the judge's 128 features, {count:,} pictures each: generated against real {made:.2f}, "
        f"real against other real {frechet_distance(second, first):.2f}."
    )


def _report_copies(singles: _Singles, train: Digits, test: Digits, pictures: Path | None) -> None:
    chosen = singles.images[:: len(singles.images) // _COPIES][:_COPIES]
    index, made = nearest(chosen, train.images)
    _, real = nearest(test.images[:_COPIES], train.images)
    print(
        f"\nDistance to the nearest of {len(train.images):,} training digits: {_COPIES} generated, median "
        f"{np.median(made):.2f}, least {made.min():.2f}; {_COPIES} test digits, median {np.median(real):.2f}, "
        f"least {real.min():.2f}."
    )
    if pictures:
        draw_nearest(pictures / "nearest_digits.png", chosen, train.images[index])


def _report_blends(network: ModelGraph, judge: Judge) -> None:
    print(f"\n| pair | both first | plainly one (above {PLAINLY_ONE}) |\n|---|---|---|")
    both, one = [], []
    for pair in PAIRS:
        labels = np.zeros((_SEEDS, LABELS), np.float32)
        labels[:, pair] = 0.5
        probabilities = judge.probabilities(_drawn(network, labels, range(_SEEDS)))
        both.append(both_first(probabilities, pair).mean())
        one.append((probabilities.max(axis=1) > PLAINLY_ONE).mean())
        print(_row([f"{pair[0]} and {pair[1]}", f"{both[-1]:.1%}", f"{one[-1]:.1%}"]))
    print(f"| **all, {_SEEDS:,} seeds each** | **{np.mean(both):.1%}** | **{np.mean(one):.1%}** |")


def _row(cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
