"""Which pictures does an embedder learn from? Draws views of a few faces, a row for each kind.

    facegrid chips people faces
    python -m benchmarks.training.views faces views.jpg

The rows: unchanged faces; crops, turned, of other colours, some blurred; the same, warped; means of two faces; one face
beside another.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from exporters.errors import TrainingError
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.aligned_faces import load_faces
from exporters.training.embedder.views import Augmentation, middles, views

_CHIP_PX = EMBEDDERS[1].chip_px
_ROWS = (
    Augmentation(blend_share=0),
    Augmentation(blend_share=0, warp_px=4),
    Augmentation(blend_share=1),
    Augmentation(blend_share=1, seam_share=1),
)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.views",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="aligned faces, see `facegrid train embedder`")
    parser.add_argument("out", type=Path, metavar="OUT", help="the picture to write")
    parser.add_argument("--faces", type=int, default=6, help="in a row (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the views (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Writes the picture; returns 2 where there are no faces."""
    args = build_parser().parse_args(argv)
    try:
        pictures = load_faces(args.data, chip_px=_CHIP_PX).pictures
    except TrainingError as err:
        print(err.message, file=sys.stderr)
        return 2
    shown = np.linspace(0, len(pictures) - 1, min(args.faces, len(pictures))).astype(int)
    rows = [middles(pictures[shown], _CHIP_PX)]
    for view, augmentation in enumerate(_ROWS):
        rows.append(views(pictures, shown, view, chip_px=_CHIP_PX, seed=args.seed, augmentation=augmentation))
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    Image.fromarray(sheet).save(args.out, quality=85)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
