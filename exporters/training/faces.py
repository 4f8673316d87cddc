"""Aligned faces to train an embedder with, from a pack or from a folder for each person.

A picture holds the embedder's chip in its middle and a margin around it, of which crops take a part.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exporters.errors import TrainingError

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_PACK_ARRAYS = ("jpeg", "offsets", "person")
_SCORED = "in_dev_pairs"


@dataclass(frozen=True)
class Faces:
    """Pictures of faces and whom they show."""

    pictures: NDArray[np.uint8]
    """[N, S, S, 3], RGB."""
    people: NDArray[np.str_]
    """[N]."""
    skipped: int = 0
    """Pictures that could not be read, or are of another size."""
    left_out: int = 0
    """Pictures of people who are scored."""

    def as_json(self) -> dict[str, Any]:
        """Returns how much there is, and the checksum of the pixels and names."""
        content = hashlib.sha256(self.pictures.tobytes() + "\n".join(self.people).encode())
        return {
            "pictures": len(self.pictures),
            "people": len(set(self.people)),
            "skipped": self.skipped,
            "left_out": self.left_out,
            "sha256": content.hexdigest(),
        }

    def of_several(self) -> "Faces":
        """Returns the faces of people of whom there are two pictures or more."""
        names, counts = np.unique(self.people, return_counts=True)
        kept = np.isin(self.people, names[counts > 1])
        return Faces(self.pictures[kept], self.people[kept], self.skipped, self.left_out)


def load_faces(source: Path, *, chip_px: int, scored: bool = False) -> Faces:
    """Returns the faces of a pack or a folder.

    Args:
        source: A pack: an .npz with all JPEG files one after the other in `jpeg`, where each begins in `offsets`, with
            the last one's end, and whom it shows in `person`; those marked in `in_dev_pairs` are left out. Or a folder
            with a folder of pictures for each person.
        chip_px: Side of the embedder's chips; pictures are as large or larger.
        scored: Only those of a pack that are marked, in place of the others.

    Raises:
        TrainingError: There is no such pack or folder, or no usable picture in it.
    """
    if source.is_dir():
        files, people, left_out = _of_folder(source)
    else:
        files, people, left_out = _of_pack(source, wanted=scored)
    if not files:
        raise TrainingError(f"there is no picture in {source}: expected is SOURCE/PERSON/PICTURE.jpg, or a pack (.npz)")
    pictures = [_decoded(file) for file in files]
    sides = [len(one) for one in pictures if one is not None and one.shape[0] == one.shape[1] >= chip_px]
    if not sides:
        raise TrainingError(
            f"none of the {len(files)} pictures in {source} is a readable square of {chip_px} px or more: "
            "an embedder learns from aligned faces (docs/training.md)"
        )
    side = max(set(sides), key=sides.count)
    kept = [at for at, one in enumerate(pictures) if one is not None and one.shape == (side, side, 3)]
    return Faces(
        np.array([pictures[at] for at in kept], np.uint8),
        np.array([people[at] for at in kept]),
        skipped=len(files) - len(kept),
        left_out=left_out,
    )


def _of_folder(source: Path) -> tuple[list[bytes], list[str], int]:
    paths = sorted(path for path in source.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    return [path.read_bytes() for path in paths], [path.parent.name for path in paths], 0


def _of_pack(source: Path, *, wanted: bool) -> tuple[list[bytes], list[str], int]:
    try:
        with np.load(source, allow_pickle=False) as pack:
            jpeg, offsets, people = (pack[name] for name in _PACK_ARRAYS)
            marked = pack[_SCORED] if _SCORED in pack.files else np.zeros(len(people), np.bool_)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as err:
        raise TrainingError(
            f"{source} is neither a folder nor a readable pack with {', '.join(_PACK_ARRAYS)} ({err})"
        ) from err
    if len(offsets) != len(people) + 1:
        raise TrainingError(f"{source}: {len(people)} people for {len(offsets) - 1} pictures")
    kept = np.flatnonzero(marked == wanted)
    files = [jpeg[offsets[at] : offsets[at + 1]].tobytes() for at in kept]
    return files, [str(people[at]) for at in kept], len(people) - len(kept)


def _decoded(file: bytes) -> NDArray[np.uint8] | None:
    try:
        with Image.open(io.BytesIO(file)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
