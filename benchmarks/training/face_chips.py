"""Aligned faces from a folder of pictures of people, for `facegrid train embedder --data`.

Takes PICTURES/PERSON/PICTURE.jpg and writes FACES/PERSON/PICTURE.png: of each picture the largest face, cut by our own
pipeline as the embedder is given it. Pictures without a face are counted and left out.

    python -m benchmarks.training.face_chips people faces
"""

import argparse
import os
import sys
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.recognition.embedders import in_process, largest
from facegrid.errors import FacegridError

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.face_chips",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("pictures", type=Path, metavar="PICTURES", help="a folder with a folder for each person")
    parser.add_argument("faces", type=Path, metavar="FACES", help="the folder to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Writes the faces; returns 2 where there is no picture."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    paths = sorted(path for path in args.pictures.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        print(f"no picture in {args.pictures}/PERSON/", file=sys.stderr)
        return 2
    missed = 0
    with in_process(args.models_dir, 1) as embedder:
        for path in track(paths, description="cutting", console=Console(stderr=True)):
            try:
                chip = embedder.chip(path, largest)
            except FacegridError as err:
                print(f"{path}: {err}", file=sys.stderr)
                chip = None
            if chip is None:
                missed += 1
                continue
            target = args.faces / path.parent.name / f"{path.stem}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(chip).save(target)
    print(f"{len(paths) - missed} faces in {args.faces}; {missed} pictures without a face or unreadable")
    return 0


if __name__ == "__main__":
    sys.exit(main())
