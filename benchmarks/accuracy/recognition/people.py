"""The evaluation pictures of people: who is in them, and which are compared."""

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class LfwPair:
    """Two pictures of LFW that are compared; files are paths below the data folder."""

    fold: int
    """Of the set, or where there is one of these alone, one of ten parts of it."""
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
    """`gallery`, `probe_known` or `probe_unknown`: somebody of the gallery, or a stranger."""


FOLDS = (0, 1, 2)
"""Of View 2, that there are. No person is in two of them."""

UNSEEN_FOLDS = {1: FOLDS, 2: FOLDS[2:]}
"""Version of the embedder -> of whose people it learned nothing: version 2 was taught with those of the others."""

_PARTS = 10


def read_pairs(data_dir: Path, folds: Collection[int] = FOLDS) -> list[LfwPair]:
    """Returns the pairs of some folds of LFW View 2 that the data folder has; none without the set.

    A threshold is chosen on other folds than those it is judged by, and so one fold alone is dealt into ten parts.
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
    """Returns whom a picture of LFW shows: the name of its folder."""
    return Path(file).parent.name


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
