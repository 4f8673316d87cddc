"""Folders of pictures: the samples of this repository, and the evaluation data beside it."""

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
EVALUATION_DATA_VARIABLE = "FACEGRID_EVALUATION_DATA"


def evaluation_data() -> Path | None:
    """Returns the folder of the evaluation data, or None if there is none.

    That is $FACEGRID_EVALUATION_DATA, or else `shared/data` beside the checkout.
    """
    named = os.environ.get(EVALUATION_DATA_VARIABLE)
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def add_data_option(parser: argparse.ArgumentParser, part: str = "", *, words: tuple[str, ...] = ()) -> None:
    """Adds `--data` to a benchmark's parser: a folder or file that exists, as a Path.

    Args:
        parser: Gets the option. Without it and without the data, parsing fails and names the variable to set.
        part: What of the evaluation data is the default: a path below its folder; empty: the folder.
        words: Values that are no path and are passed on as they are.
    """
    folder = evaluation_data()

    def existing(text: str) -> Path:
        if text and (text in words or Path(text).exists()):
            return Path(text)
        raise argparse.ArgumentTypeError(
            f"there is no {text or 'evaluation data'}: name it, or set {EVALUATION_DATA_VARIABLE} to the data's folder"
        )

    what = " or ".join((part or "the folder of the evaluation data", *(f"`{word}`" for word in words)))
    # argparse converts a default that is text when the option is not given, so that --help needs no data.
    parser.add_argument(
        "--data",
        type=existing,
        default=str(folder / part) if folder else "",
        help=f"{what} (default: below ${EVALUATION_DATA_VARIABLE}, else ../shared/data)",
    )
