"""`facegrid generate`: digits that nobody wrote, one kind or several at once, as a sheet, a strip or a GIF."""

import argparse
from collections.abc import Callable
from pathlib import Path

from facegrid.cli._asking import add_command
from facegrid.cli.usage import UsageError

_LONGEST_MORPH = 1000
_LARGEST_SCALE = 16

_DESCRIPTION = """\
Draws handwritten digits with a running service and writes them as one picture.

Labels are digits with commas between; several of them give pictures that are all of them
at once, in equal parts or by weight: 0:0.3,8:0.7. Several arguments of --labels give one
row each. With --morph every row is one picture that turns from one digit into another.
The same seed gives the same pictures: picture N of a seed has the same noise whatever
the labels, so the pictures of a column, or of a row of --morph, belong together.

Prints where the picture is, or with --json one line for each digit, with what made it:
  {"index": 0, "labels": [0.0, 0.0, 0.5, 0.5, ...], "noise": [-0.15, 0.5, ...]}
Exit code: 0 done, 1 failed, 2 wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid generate --labels 2,3 --count 64 --seed 7 --out grid.png   pictures that are a 2 and a 3
  facegrid generate --labels 0:0.3,8:0.7                              more of an 8 than of a 0
  facegrid generate --labels 0 1 2 3 4 5 6 7 8 9 --out all.png        a row for each digit
  facegrid generate --morph 2:3 --steps 12 --out morph.png            a strip from 2 to 3
  facegrid generate --morph 2:3 --steps 24 --count 16 --out morph.gif
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `generate`."""
    parser = add_command(subparsers, "generate", "draw digits that nobody wrote", _DESCRIPTION, _EXAMPLES)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--labels", type=_labels, nargs="+", metavar="L", help="digits to be, such as 7, or 2,3, or 0:0.3,8:0.7"
    )
    what.add_argument("--morph", type=_morph, metavar="A:B", help="turn from digit A into digit B, such as 2:3")
    parser.add_argument("--steps", type=_whole(2, _LONGEST_MORPH), metavar="N", help="from A to B (default 12)")
    parser.add_argument("--count", type=int, metavar="N", help="pictures of each kind (default 10; with --morph 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses the pictures; 0 to 2^63 - 1")
    parser.add_argument(
        "--truncation", type=float, metavar="X", help="less variety, fewer odd pictures; 0.5 to 10, try 1"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("digits.png"), metavar="FILE", help="a PNG, or a GIF of --morph (digits.png)"
    )
    parser.add_argument(
        "--scale", type=_whole(1, _LARGEST_SCALE), default=2, metavar="N", help="size of a pixel (default 2)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: options that do not go together.
        FacegridError: the pictures cannot be had.
        OSError: the file cannot be written.
    """
    if args.steps is not None and not args.morph:
        raise UsageError("--steps belongs to --morph A:B")
    suffixes = (".png", ".gif") if args.morph else (".png",)
    if args.out.suffix.lower() not in suffixes:
        raise UsageError(f"--out {args.out} ends in none of {', '.join(suffixes)}; a GIF is for --morph")
    from facegrid.cli._drawing import draw  # noqa: PLC0415  (numpy and Pillow, for --help not needed)

    return draw(args)


def _labels(text: str) -> dict[int, float]:
    weights: dict[int, float] = {}
    for part in text.split(","):
        digit, colon, weight = part.partition(":")
        try:
            label, share = int(digit), float(weight) if colon else 1.0
        except ValueError:
            raise _form(f"labels are digits with commas between, such as 2,3 or 0:0.3,8:0.7, not {text!r}") from None
        if label in weights:
            raise _form(f"{text!r} has label {label} twice; give it a weight instead, such as {label}:2")
        weights[label] = share
    return weights


def _morph(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and first != last):
        raise _form(f"a morph is two different digits with a colon between, such as 2:3, not {text!r}")
    return int(first), int(last)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise _form(f"expected is a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def _form(message: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(message)
