"""The evaluation pictures of people, with their names, and the pairs to compare."""

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class LfwPair:
    """Two pictures of LFW that are compared; files are paths below the data folder."""

    fold: int
    """Fold of the set; of a single fold, one of its ten parts."""
    same: bool
    """Whether they show the same person."""
    first: str
    second: str


@dataclass(frozen=True)
class PersonPicture:
    """A picture of one person of the set `identify`."""

    file: str
    """Path below the data folder."""
    person: str
    role: str
    """`gallery`, `probe_known` (a person of the gallery) or `probe_unknown` (a stranger)."""


FOLDS = (0, 1, 2)
"""The folds of View 2 in the evaluation data. No person is in two of them."""

UNSEEN_FOLDS = {1: FOLDS, 2: FOLDS[2:]}
"""Version of the embedder -> folds whose people it was not trained with; version 2 was trained with folds 0 and 1."""

_PARTS = 10


def read_pairs(data_dir: Path, folds: Collection[int] = FOLDS) -> list[LfwPair]:
    """Returns the pairs of some folds of LFW View 2; none if the data folder lacks the set.

    A threshold is chosen on other folds than those it is scored on, so a single fold is split into ten parts.
    """
    pairs = [
        LfwPair(
            int(row["fold"]), row["same"] == "1", *(f"lfw_pairs/images/{row[name]}" for name in ("image1", "image2"))
        )
        for row in _rows(data_dir / "lfw_pairs" / "pairs.csv")
        if int(row["fold"]) in folds
    ]
    if len(folds) > 1:
        return pairs
    return [replace(pair, fold=place % _PARTS) for place, pair in enumerate(pairs)]


def read_portraits(data_dir: Path) -> list[PersonPicture]:
    """Returns the pictures of `identify`; none without the set."""
    rows = _rows(data_dir / "identify" / "identify.csv")
    return [PersonPicture(f"identify/{row['file']}", row["person"], row["role"]) for row in rows]


def lfw_person(file: str) -> str:
    """Returns the person on a picture of LFW: the name of its folder."""
    return Path(file).parent.name


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
