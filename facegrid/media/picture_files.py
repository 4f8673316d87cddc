"""Which files a command line means, and where their drawn copies go."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from facegrid.cli.usage import UsageError

_WRITTEN = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp")
SUFFIXES = (*_WRITTEN, ".mpo", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif", ".hif")
"""Of the files that are taken from a folder."""

_OTHER_PICTURES = (
    *(".jxl", ".jp2", ".j2k", ".jxr", ".psd", ".xcf", ".svg", ".eps", ".ico", ".tga", ".exr", ".hdr", ".qoi", ".dds"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".icns"),
    *(".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"),
)
"""Of pictures that are not read."""


@dataclass
class LeftOut:
    """What lies in the folders and is not taken."""

    suffixes: Counter[str] = field(default_factory=Counter)
    """Number of pictures by their suffix, with the package that would read them."""
    folders: list[str] = field(default_factory=list)
    """Folders that were not walked, and why."""

    def sentence(self) -> str | None:
        """Returns how many were left out and why; None: none were."""
        parts = []
        if total := self.suffixes.total():
            kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(self.suffixes.items()))
            parts.append(f"{total} {'file was' if total == 1 else 'files were'} left out: {kinds}")
        if self.folders:
            noun = "folder was" if len(self.folders) == 1 else "folders were"
            parts.append(f"{len(self.folders)} {noun} left out: {', '.join(self.folders)}")
        return "; ".join(parts) or None


@dataclass(frozen=True)
class FoundPictures:
    """What a command line means."""

    pictures: list[Path]
    """Files as they are given, those of folders in sorted order."""
    left_out: LeftOut
    """What was seen in folders and not taken."""


def find_pictures(inputs: Iterable[Path], *, leave_out: Path | None = None) -> FoundPictures:
    """Returns the files meant: files as they are given, folders walked in sorted order.

    A file that is named is taken whatever its suffix, and whether it exists or not; the answer to it
    says so. In folders, files and folders with a leading dot are passed over, and links to folders are not followed.

    Args:
        inputs: Files and folders.
        leave_out: A folder whose pictures are not meant although it may lie inside an input: the drawn copies.

    Raises:
        UsageError: a folder without a picture.
    """
    found: list[Path] = []
    left_out = LeftOut()
    for path in inputs:
        if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
            found.append(path)
            continue
        inside = sorted(_walk(path, leave_out.resolve() if leave_out else None, left_out))
        if not inside:
            reason = left_out.sentence()
            raise UsageError(f"no picture ({', '.join(SUFFIXES)}) in {path}" + (f"; {reason}" if reason else ""))
        found.extend(inside)
    return FoundPictures(found, left_out)


def _walk(folder: Path, leave_out: Path | None, left_out: LeftOut) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        left_out.folders.append(f"{error.filename} ({error.strerror})")

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [
            name for name in folders if not name.startswith(".") and Path(parent, name).resolve() != leave_out
        ]
        left_out.folders += [f"{Path(parent, name)} (a link)" for name in folders if Path(parent, name).is_symlink()]
        for name in files:
            suffix = Path(name).suffix.lower()
            if name.startswith(".") or suffix not in {*SUFFIXES, *_OTHER_PICTURES}:
                continue
            missing = _missing_decoder(Path(parent, name)) if suffix in SUFFIXES else None
            if suffix in SUFFIXES and missing is None:
                yield Path(parent, name)
            else:
                left_out.suffixes[f"{suffix} (needs {missing})" if missing else suffix] += 1


def _missing_decoder(path: Path) -> str | None:
    """Returns what must be installed to read a picture of a folder; by its content, since many are named wrongly."""
    from facegrid.media.convert import missing_decoder  # noqa: PLC0415  (Pillow, for --help not needed)
    from facegrid.media.pictures import HEAD_BYTES, kind_of  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return missing_decoder(kind_of(file.read(HEAD_BYTES)))
    except OSError:
        return None  # taken: the answer to it says why it cannot be read


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
        suffix = picture.suffix if picture.suffix.lower() in _WRITTEN else f"{picture.suffix}.png"
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
