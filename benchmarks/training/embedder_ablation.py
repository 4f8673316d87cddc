"""What does each part of the embedder's training contribute? The same few steps, one option changed at a time.

Trains with the defaults of `facegrid train embedder`, and then without blends, with one view of each face, with wider
networks, and with larger pictures. Scores each by pairs of other people, and prints a table in Markdown. Everything is
kept in --runs-dir, where an interrupted run goes on.

    python -m benchmarks.training.embedder_ablation --data faces.npz --pairs pairs.npz    # half an hour
    python -m benchmarks.training.embedder_ablation --data faces.npz --pairs pairs.npz --steps 50  # a look at it
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.machine import conditions

_VARIANTS = {
    "as by default": [],
    "no blends": ["--blend-share", "0"],
    "one view of a face": ["--views", "1"],
    "width 0.5": ["--width", "0.5"],
    "width 0.75": ["--width", "0.75"],
    "150 px, width 0.2": ["--input-px", "150", "--width", "0.2"],
}
_DEFAULT = "as by default"
_SAME_VIEWS = ("width 0.5", "width 0.75", "150 px, width 0.2")
"""Variants with the views of the default one, so that the teacher's vectors are computed once."""

_LAST = 4
"""Number of the last losses that are averaged."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.embedder_ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="aligned faces, see `facegrid train embedder`")
    parser.add_argument("--pairs", type=Path, required=True, help="what benchmarks.training.pair_chips wrote")
    parser.add_argument("--steps", type=int, default=400, help="of each training (%(default)s)")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/ablation"), help="what is kept (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 1 where a training fails."""
    args = build_parser().parse_args(argv)
    print(f"| {args.steps} steps | pairs judged rightly | loss of the vectors | size, MB |")
    print("|---|---|---|---|")
    for name, options in _VARIANTS.items():
        run_dir = args.runs_dir / name.replace(" ", "-").replace(",", "")
        if not (run_dir / "embedder.json").exists() and not _trained(name, options, run_dir, args):
            return 1
        print(_row(name, run_dir), flush=True)
    print(f"\n{conditions('tensorflow', 'keras', 'numpy')}")
    return 0


def _trained(name: str, options: list[str], run_dir: Path, args: argparse.Namespace) -> bool:
    resumed = (run_dir / "config.json").exists()
    command = [sys.executable, "-m", "facegrid.cli.main", "train", "embedder", "--run-dir", str(run_dir)]
    command += ["--data", str(args.data), "--pairs", str(args.pairs), "--steps", str(args.steps)]
    command += ["--checkpoint-steps", "100", "--score-steps", str(args.steps), *options]
    lessons = args.runs_dir / _DEFAULT.replace(" ", "-") / "lessons.npy"
    if name in _SAME_VIEWS and not resumed:
        run_dir.mkdir(parents=True, exist_ok=True)
        shutil.copy(lessons, run_dir)
    return subprocess.run([*command, *(["--resume"] if resumed else [])], check=False).returncode == 0


def _row(name: str, run_dir: Path) -> str:
    record: dict[str, Any] = json.loads((run_dir / "embedder.json").read_text(encoding="utf-8"))
    history = record["history"]
    (score,) = history["scores"].values()
    loss = float(np.mean(history["losses"]["vectors"][-_LAST:]))
    size = (run_dir / "embedder.npz").stat().st_size / 1e6
    return f"| {name} | {score:.1%} | {loss:.3f} | {size:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
