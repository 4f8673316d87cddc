"""Which files a command line means, and where their drawn copies go."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from facegrid.cli.usage import UsageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def find_pictures(inputs: Iterable[Path], *, leave_out: Path | None = None) -> list[Path]:
    """Returns the files meant: files as they are given, folders walked in sorted order.

    A file that is named is taken whatever its suffix, and whether it exists or not; the answer to it
    says so. In folders, files and folders with a leading dot are passed over.

    Args:
        inputs: Files and folders.
        leave_out: A folder whose pictures are not meant although it may lie inside an input: the drawn copies.

    Raises:
        UsageError: a folder without a picture.
    """
    found: list[Path] = []
    for path in inputs:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(_walk(path, leave_out.resolve() if leave_out else None))
        if not inside:
            raise UsageError(f"no picture ({', '.join(SUFFIXES)}) in {path}")
        found.extend(inside)
    return found


def _walk(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and Path(parent, name).resolve() != leave_out
        ]
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def drawing_paths(pictures: Sequence[Path], folder: Path) -> list[Path]:
    """Returns where the drawn copy of each picture goes: its own name in `folder`, made unique by a number.

    Names that differ in case only count as equal, because some file systems think so. A picture of
    another format than JPEG, PNG and WebP becomes a PNG.

    Raises:
        UsageError: a copy would take the place of one of the pictures.
    """
    originals = {picture.resolve() for picture in pictures}
    taken: set[str] = set()
    paths = []
    for picture in pictures:
        suffix = picture.suffix if picture.suffix.lower() in SUFFIXES else f"{picture.suffix}.png"
        name = _free_name(picture.stem, suffix, taken)
        taken.add(name.casefold())
        path = folder / name
        if path.resolve() in originals:
            raise UsageError(f"--draw {folder} would overwrite the picture {path}; choose another folder")
        paths.append(path)
    return paths


def _free_name(stem: str, suffix: str, taken: set[str]) -> str:
    name, number = f"{stem}{suffix}", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{suffix}"
    return name
