"""Draw digits that nobody wrote.

The service draws them, and the command writes them as one picture. Labels are digits with commas between; several of
them give pictures that are all of them at once, in equal parts or by weight: 0:0.3,8:0.7. Several arguments of --labels
give one row each. With --morph every row is one picture that turns from one digit into another.

The same seed gives the same pictures: picture N of a seed has the same noise whatever the labels, so the pictures of a
column, or of a row of --morph, belong together.

Prints where the picture is, or with --json one line for each digit, with what made it:

  {"index": 0, "labels": [0.0, 0.0, 0.5, ...], "noise": [-0.15, ...]}

Exit code: 0 done, 1 failed, 2 wrong usage.

Examples:
  facegrid generate --labels 2,3 --count 64      pictures that are a 2 and a 3
  facegrid generate --labels 0:0.3,8:0.7         more of an 8 than of a 0
  facegrid generate --labels 0 1 2 3 4 5 6 7 8 9 --seed 7 --out all.png
  facegrid generate --morph 2:3 --steps 12 --out morph.png
  facegrid generate --morph 2:3 --steps 24 --count 16 --out morph.gif
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from facegrid.answers.digits import GeneratedDigit
from facegrid.cli.arguments import ServiceArguments
from facegrid.cli.command import command
from facegrid.cli.output import write_json
from facegrid.cli.progress import counting_bar
from facegrid.cli.usage import UsageError
from facegrid.media.digit_sheets import Row, square, transposed, write_moving, write_sheet

_COUNT, _MORPH_COUNT, _STEPS = 10, 1, 12


@command(__doc__, several_values=("--labels",))
def generate(
    *,
    service: ServiceArguments,
    labels: Annotated[
        list[str] | None,
        typer.Option(metavar="L...", help="digits to be, such as 7, or 2,3, or 0:0.3,8:0.7", show_default=False),
    ] = None,
    morph: Annotated[
        str | None, typer.Option(metavar="A:B", help="turn from digit A into digit B, such as 2:3")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=2, max=1000, help="pictures from A to B (default 12)")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", help="pictures of each kind (default 10; with --morph 1)")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="chooses the pictures; 0 to 2^63 - 1")] = 0,
    truncation: Annotated[
        float | None, typer.Option(metavar="X", help="less variety, fewer odd pictures; 0.5 to 10, try 1")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="a PNG, or a GIF of --morph")] = Path("digits.png"),
    scale: Annotated[int, typer.Option(metavar="N", min=1, max=16, help="pixels of the sheet for one of a digit")] = 2,
) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: Labels or a morph of another form, or options that do not go together.
        FacegridError: The service did not draw the pictures.
        OSError: The file cannot be written.
    """
    kinds = _kinds(labels, morph, steps)
    _check_suffix(out, moving=morph is not None)
    each = count if count is not None else (_COUNT if morph is None else _MORPH_COUNT)
    out.parent.mkdir(parents=True, exist_ok=True)
    total = max(each, 0) * len(kinds)
    visible = total > 1 and sys.stderr.isatty() and not (service.json and sys.stdout.isatty())
    rows: list[list[NDArray[np.uint8]]] = []
    with service.connect() as client, counting_bar("generate", visible=visible) as progress:
        task = progress.add_task("generate", total=total)
        for weights in kinds:
            rows.append([])
            digits = client.generate_each(weights, each, seed, truncation=truncation, timeout_s=service.timeout_s)
            for image in _images(digits, as_json=service.json):
                rows[-1].append(image)
                progress.advance(task)
    _write(rows, out, scale, moving=morph is not None)
    if not service.json:
        sys.stdout.write(f"{out}: {sum(map(len, rows))} digits of seed {seed}\n")
    return 0


def _kinds(labels: Sequence[str] | None, morph: str | None, steps: int | None) -> list[dict[int, float]]:
    """Returns the weights of the digits for each kind of picture."""
    if bool(labels) == (morph is not None):
        raise UsageError("--labels and --morph exclude each other" if labels else "give --labels or --morph")
    if morph is not None:
        first, last = _morph(morph)
        return [{first: 1 - share, last: share} for share in np.linspace(0, 1, steps or _STEPS).tolist()]
    if steps is not None:
        raise UsageError("--steps belongs to --morph A:B")
    return [_labels(text) for text in labels or ()]


def _labels(text: str) -> dict[int, float]:
    weights: dict[int, float] = {}
    for part in text.split(","):
        digit, colon, weight = part.partition(":")
        try:
            label, share = int(digit), float(weight) if colon else 1.0
        except ValueError:
            raise UsageError(
                f"labels are digits with commas between, such as 2,3 or 0:0.3,8:0.7, not {text!r}"
            ) from None
        if label in weights:
            raise UsageError(f"{text!r} has label {label} twice; give it a weight instead, such as {label}:2")
        weights[label] = share
    return weights


def _morph(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and first != last):
        raise UsageError(f"a morph is two different digits with a colon between, such as 2:3, not {text!r}")
    return int(first), int(last)


def _check_suffix(out: Path, *, moving: bool) -> None:
    suffixes = (".png", ".gif") if moving else (".png",)
    if out.suffix.lower() not in suffixes:
        raise UsageError(f"--out {out} ends in none of {', '.join(suffixes)}; a GIF is for --morph")


def _images(digits: Iterable[GeneratedDigit], *, as_json: bool) -> Iterator[NDArray[np.uint8]]:
    for digit in digits:
        if as_json:
            write_json({"index": digit.index, "labels": digit.labels.tolist(), "noise": digit.noise.tolist()})
        yield digit.image


def _write(rows: Sequence[Row], out: Path, scale: int, *, moving: bool) -> None:
    if out.suffix.lower() == ".gif":
        write_moving(rows, out, scale)
    elif moving:
        write_sheet(transposed(rows), out, scale)
    else:
        write_sheet(square(rows[0]) if len(rows) == 1 else rows, out, scale)
