"""Vectors for TensorBoard's embedding projector, with their faces."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_MOST = 500
_SPRITE_PX = 50

_CONFIG = """\
embeddings {
  tensor_name: "vectors"
  tensor_path: "vectors.tsv"
  sprite { image_path: "faces.png" single_image_dim: %d single_image_dim: %d }
}
"""


def write_projector(
    log_dir: Path, chips: NDArray[np.uint8], vectors_of: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
) -> None:
    """Writes the vectors of the first 500 chips [N, S, S, 3], and one picture of these chips side by side.

    Raises:
        OSError: The folder cannot be written.
    """
    log_dir.mkdir(parents=True, exist_ok=True)
    shown = chips[:_MOST]
    np.savetxt(log_dir / "vectors.tsv", vectors_of(shown), delimiter="\t", fmt="%.5f")
    small = tf.image.resize(shown, [_SPRITE_PX, _SPRITE_PX], antialias=True)
    columns = int(np.ceil(np.sqrt(len(shown))))
    missing = columns**2 - len(shown)
    tiles = np.pad(tf.cast(tf.round(small), tf.uint8).numpy(), ((0, missing), (0, 0), (0, 0), (0, 0)))
    rows = tiles.reshape(columns, columns, _SPRITE_PX, _SPRITE_PX, 3).swapaxes(1, 2)
    sheet = rows.reshape(columns * _SPRITE_PX, columns * _SPRITE_PX, 3)
    (log_dir / "faces.png").write_bytes(tf.io.encode_png(sheet).numpy())
    (log_dir / "projector_config.pbtxt").write_text(_CONFIG % (_SPRITE_PX, _SPRITE_PX), encoding="utf-8")
