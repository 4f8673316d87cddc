"""An exported embedder as a teacher, and a file of its vectors for views that are shown again.

The teacher costs as much as a step of the network that learns. So every face has a fixed number of views, and the
teacher's vector of a view is computed once, when the view is first shown, and kept in a file.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.errors import TrainingError
from exporters.signatures import EMBEDDERS, SERVING_DEFAULT

Vectors = NDArray[np.float32]


class Teacher:
    """An exported version of the embedder.

    Args:
        version_dir: Its folder, MODELS_DIR/embedder/VERSION.
        chip_px: Side of the chips that it must take.

    Raises:
        TrainingError: The folder holds no embedder, or its chips are of another size.
    """

    def __init__(self, version_dir: Path, *, chip_px: int) -> None:
        try:
            # Kept, since its functions hold only a weak reference.
            self._loaded = tf.saved_model.load(str(version_dir))
            self._vectors = self._loaded.signatures[SERVING_DEFAULT]
            _, inputs = self._vectors.structured_input_signature
            side = inputs["chips"].shape[1]
            self.dimension = int(self._vectors.structured_outputs["embeddings"].shape[1])
        except (OSError, KeyError, ValueError) as err:
            raise TrainingError(
                f"{version_dir} holds no exported embedder ({err}): facegrid export embedder, or --teacher DIR"
            ) from err
        if side != chip_px:
            raise TrainingError(f"the teacher {version_dir} takes chips of {side} px, the new embedder takes {chip_px}")

    def __call__(self, chips: NDArray[np.uint8]) -> tf.Tensor:
        """Returns vectors float32 [N, D] for chips uint8 [N, S, S, 3]."""
        return self._vectors(chips=tf.constant(chips))["embeddings"]


class Lessons:
    """The teacher's vectors of views, computed when they are first needed.

    Args:
        teacher: Computes the vectors.
        file: Keeps the vectors; None: they are computed every time.
        faces: Number of faces.
        views: Number of views of each face.
    """

    def __init__(self, teacher: Teacher, file: Path | None, *, faces: int, views: int) -> None:
        self._teacher = teacher
        self._file = file
        self._shape = (views, faces, teacher.dimension)
        self._table: Vectors | None = None

    def vectors(self, view: int, faces: NDArray[np.integer], chips: NDArray[np.uint8]) -> Vectors:
        """Returns the teacher's vectors [N, D] for chips that show a view of faces [N]."""
        if self._file is None:
            return np.asarray(self._teacher(chips))
        if self._table is None:
            self._table = _table(self._file, self._shape)
        known: Vectors = self._table[view, faces]
        if np.isnan(known).any():
            known = np.asarray(self._teacher(chips))
            self._table[view, faces] = known
        return known

    def flush(self) -> None:
        """Writes the vectors that are known to the file."""
        if isinstance(self._table, np.memmap):
            self._table.flush()


def space_needed(faces: int, views: int) -> int:
    """Returns the size of a file of lessons in bytes."""
    return 4 * EMBEDDERS[1].dimension * faces * views


def _table(file: Path, shape: tuple[int, int, int]) -> Vectors:
    if file.exists():
        kept: Vectors = np.lib.format.open_memmap(file, mode="r+")
        return kept
    table: Vectors = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
    table[:] = np.nan
    return table
