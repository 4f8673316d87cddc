"""Aligned faces to train an embedder with, from a pack or from a folder for each person.

A picture holds the embedder's chip in its middle and a margin around it, for crops that are moved or turned.
"""

import hashlib
import io
import itertools
import zipfile
from collections.abc import Collection
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
class AlignedFaces:
    """Pictures of faces, and the people on them."""

    pictures: NDArray[np.uint8]
    """[N, S, S, 3], RGB."""
    people: NDArray[np.str_]
    """[N]."""
    skipped: int = 0
    """Number of pictures that are unreadable or of another size."""
    left_out: int = 0
    """Number of pictures of people that the training is scored by."""

    def as_json(self) -> dict[str, Any]:
        """Returns the counts, and the checksum of the pixels and names."""
        content = hashlib.sha256(self.pictures.tobytes() + "\n".join(self.people).encode())
        return {
            "pictures": len(self.pictures),
            "people": len(set(self.people)),
            "skipped": self.skipped,
            "left_out": self.left_out,
            "sha256": content.hexdigest(),
        }

    def of_several(self) -> "AlignedFaces":
        """Returns the faces of the people with two pictures or more."""
        names, counts = np.unique(self.people, return_counts=True)
        kept = np.isin(self.people, names[counts > 1])
        return AlignedFaces(self.pictures[kept], self.people[kept], self.skipped, self.left_out)

    def in_turn(self, step: int, *, batch_size: int, seed: int) -> tuple[int, NDArray[np.intp]]:
        """Returns the turns complete before a step, and the faces [batch_size] of the step; a turn shows each once."""
        count = len(self.pictures)
        turn, place = divmod(step, max(1, count // batch_size))
        order = np.random.default_rng([seed, turn]).permutation(count)
        return turn, order[place * batch_size : (place + 1) * batch_size]


def load_faces(
    source: Path, *, chip_px: int, scored: Collection[str] | None = None, of_scored: bool = False
) -> AlignedFaces:
    """Returns the faces of a pack or a folder.

    Args:
        source: A folder with a folder of pictures for each person. Or a pack: an .npz with all JPEG files one after
            the other in `jpeg`, their starts and the end of the last in `offsets`, and the names in `person`.
        chip_px: Side of the embedder's chips; pictures are as large or larger.
        scored: Names of people to leave out; None: the faces that a pack marks in `in_dev_pairs`.
        of_scored: Return the faces of these people instead of the others.

    Raises:
        TrainingError: The pack or folder is absent, or has no usable picture.
    """
    if source.is_dir():
        files, people, marked = _of_folder(source)
    else:
        files, people, marked = _of_pack(source)
    if not files:
        raise TrainingError(f"there is no picture in {source}: expected SOURCE/PERSON/PICTURE.jpg, or a pack (.npz)")
    wanted = (marked if scored is None else np.isin(people, list(scored))) == of_scored
    if not wanted.any():
        whose = "people who are not scored" if of_scored else "people who are scored: nobody is left"
        raise TrainingError(f"all {len(files)} pictures in {source} are of {whose}")
    files, people = list(itertools.compress(files, wanted)), list(itertools.compress(people, wanted))
    pictures = [_decoded(file) for file in files]
    sides = [len(one) for one in pictures if one is not None and one.shape[0] == one.shape[1] >= chip_px]
    if not sides:
        raise TrainingError(
            f"none of the {len(files)} pictures in {source} is a readable square of {chip_px} px or more: "
            "an embedder learns from aligned faces (docs/training.md)"
        )
    side = max(set(sides), key=sides.count)
    kept = [at for at, one in enumerate(pictures) if one is not None and one.shape == (side, side, 3)]
    return AlignedFaces(
        np.array([pictures[at] for at in kept], np.uint8),
        np.array([people[at] for at in kept]),
        skipped=len(files) - len(kept),
        left_out=int((~wanted).sum()),
    )


_Files = tuple[list[bytes], list[str], NDArray[np.bool_]]
"""Files of pictures, the person on each, and whether it is marked as one to score."""


def _of_folder(source: Path) -> _Files:
    paths = sorted(path for path in source.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    people = [path.parent.name for path in paths]
    return [path.read_bytes() for path in paths], people, np.zeros(len(people), np.bool_)


def _of_pack(source: Path) -> _Files:
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
    files = [jpeg[start:end].tobytes() for start, end in itertools.pairwise(offsets)]
    return files, [str(person) for person in people], marked


def _decoded(file: bytes) -> NDArray[np.uint8] | None:
    try:
        with Image.open(io.BytesIO(file)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
