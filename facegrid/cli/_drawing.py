"""What `facegrid generate` does: which pictures are asked for, and how they are laid out."""

import argparse
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from facegrid.cli._access import connect
from facegrid.cli._asking import progress
from facegrid.cli._report import write_json
from facegrid.client.sync import Client
from facegrid.media.digit_sheets import Row, square, transposed, write_moving, write_sheet

_COUNT, _MORPH_COUNT, _STEPS = 10, 1, 12


def draw(args: argparse.Namespace) -> int:
    """Draws what the arguments ask for; returns 0.

    Raises:
        FacegridError: the pictures cannot be had.
        OSError: the file cannot be written.
    """
    kinds = _morph(args.morph, args.steps or _STEPS) if args.morph else args.labels
    count = args.count if args.count is not None else (_MORPH_COUNT if args.morph else _COUNT)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with (
        connect(args) as client,
        progress("generate", max(count, 0) * len(kinds), json_lines=args.json) as shown,
    ):
        bar = shown.add_task("generate", total=count * len(kinds))
        rows = []
        for labels in kinds:
            row = []
            for image in _images(client, labels, count, args):
                row.append(image)
                shown.advance(bar)
            rows.append(row)
    _write(rows, args)
    if not args.json:
        sys.stdout.write(f"{args.out}: {sum(map(len, rows))} digits of seed {args.seed}\n")
    return 0


def _morph(ends: tuple[int, int], steps: int) -> list[dict[int, float]]:
    """Returns weights that move from one digit to the other."""
    first, last = ends
    return [{first: 1 - share, last: share} for share in np.linspace(0, 1, steps).tolist()]


def _images(
    client: Client, labels: dict[int, float], count: int, args: argparse.Namespace
) -> Iterator[NDArray[np.uint8]]:
    for digit in client.generate_each(labels, count, args.seed, truncation=args.truncation, timeout_s=args.timeout_s):
        if args.json:
            write_json({"index": digit.index, "labels": digit.labels.tolist(), "noise": digit.noise.tolist()})
        yield digit.image


def _write(rows: Sequence[Row], args: argparse.Namespace) -> None:
    if args.out.suffix.lower() == ".gif":
        write_moving(rows, args.out, args.scale)
    elif args.morph:
        write_sheet(transposed(rows), args.out, args.scale)
    else:
        write_sheet(square(rows[0]) if len(rows) == 1 else rows, args.out, args.scale)
