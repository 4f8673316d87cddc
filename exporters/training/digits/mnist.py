"""The MNIST digits, from a file in the layout of keras's mnist.npz, or from keras's own loader."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.errors import TrainingError
from exporters.signatures import DIGIT_PX, LABELS

DOWNLOAD = "download"
"""In place of a file: keras downloads the digits."""


@dataclass(frozen=True)
class Digits:
    """Pictures of digits and their labels."""

    images: NDArray[np.uint8]
    """[N, 28, 28], 0 black to 255 white."""
    labels: NDArray[np.uint8]
    """[N], 0 to 9."""

    def as_json(self) -> dict[str, Any]:
        """Returns their number and checksum."""
        content = hashlib.sha256(self.images.tobytes() + self.labels.tobytes())
        return {"pictures": len(self.images), "sha256": content.hexdigest()}


def load_digits(source: str) -> tuple[Digits, Digits]:
    """Returns the training digits and the test digits.

    Args:
        source: A file with x_train, y_train, x_test and y_test, or `DOWNLOAD`.

    Raises:
        TrainingError: The file is absent, unreadable, or has other contents; or the download fails.
    """
    arrays = _download() if source == DOWNLOAD else _read(Path(source))
    train, test = (Digits(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    for digits in (train, test):
        _check(digits, source)
    return train, test


def as_light(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns pictures [N, 28, 28] as the networks take them: [N, 28, 28, 1], from -1 to 1."""
    return (images[..., None].astype(np.float32) / 127.5) - 1.0


def one_hot(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Returns [N] as [N, 10] with weight 1 at the digit."""
    weights: NDArray[np.float32] = np.eye(LABELS, dtype=np.float32)[labels]
    return weights


def moved(images: NDArray[np.uint8], most_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Returns each picture of [N, 28, 28] moved by up to `most_px` in both directions, black at the edges."""
    padded = np.pad(images, ((0, 0), (most_px, most_px), (most_px, most_px)))
    top, left = rng.integers(0, 2 * most_px + 1, (2, len(images)))
    rows, columns = top[:, None] + np.arange(DIGIT_PX), left[:, None] + np.arange(DIGIT_PX)
    there: NDArray[np.uint8] = padded[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return there


def _read(path: Path) -> dict[str, NDArray[np.uint8]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as err:
        raise TrainingError(
            f"{path} is not a readable mnist.npz with x_train, y_train, x_test and y_test ({err}); "
            f"name another file, or `--data {DOWNLOAD}`"
        ) from err


def _download() -> dict[str, NDArray[np.uint8]]:
    import keras  # noqa: PLC0415  (seconds to load)

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as err:  # keras documents no type
        raise TrainingError(f"MNIST could not be fetched ({err}); name a file: --data mnist.npz") from err
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _check(digits: Digits, source: str) -> None:
    images, labels = digits.images, digits.labels
    if images.ndim != 3 or images.shape[1:] != (DIGIT_PX, DIGIT_PX) or images.dtype != np.uint8:
        raise TrainingError(
            f"{source}: pictures are {images.dtype} {images.shape}, expected uint8 (N, {DIGIT_PX}, {DIGIT_PX})"
        )
    if labels.shape != images.shape[:1] or not len(labels) or labels.max() >= LABELS:
        raise TrainingError(f"{source}: expected one label from 0 to {LABELS - 1} for each of {len(images)} pictures")
