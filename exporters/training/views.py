"""Views of aligned faces: what another camera or a less sure detector might have given, or a person who is two people.

A view is a crop: turned, scaled, mirrored, of other colours or blurred; some are the mean of two faces, a person whom
nobody has seen. View v of face k follows from the seed, v and k alone.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pictures = NDArray[np.uint8]

_SHIFT_PX = 2.5
_TURN_RAD = 0.05
_LOG_SCALE = 0.04
_MOST_SIGMAS = 2.5
"""The three above are standard deviations of normal distributions, cut off at so many of them."""

_BRIGHTNESS = 12.0
_LOG_CONTRAST = 0.12
_LOG_COLOUR = 0.04
_BLURRED_SHARE = 0.2
_BLUR_PX = (0.5, 2.0)
"""Radius of the square whose mean a blurred pixel is."""
_BLEND_SHARES = (0.3, 0.7)
"""Of the second face of a blend."""


def views(
    pictures: Pictures, faces: NDArray[np.integer], view: int, *, chip_px: int, seed: int, blend_share: float
) -> Pictures:
    """Returns a view of each of some faces, [N, chip_px, chip_px, 3].

    Args:
        pictures: [M, S, S, 3], of all faces.
        faces: [N], which of them.
        view: Its number, the same for all.
        chip_px: Side of a chip; at most S.
        seed: Of everything random.
        blend_share: Of views that are blends, from 0 to 1.
    """
    drawn = [np.random.default_rng([seed, view, int(face)]) for face in faces]
    return np.array(
        [
            _view(_blend(pictures, int(face), blend_share, rng), chip_px, rng)
            for face, rng in zip(faces, drawn, strict=True)
        ],
        np.uint8,
    ).reshape(-1, chip_px, chip_px, 3)


def middles(pictures: Pictures, chip_px: int) -> Pictures:
    """Returns the chips [N, chip_px, chip_px, 3] in the middle of pictures [N, S, S, 3], as they are."""
    start = (pictures.shape[1] - chip_px) // 2
    return pictures[:, start : start + chip_px, start : start + chip_px]


def _blend(pictures: Pictures, face: int, blend_share: float, rng: np.random.Generator) -> Image.Image:
    picture = Image.fromarray(pictures[face])
    if rng.random() >= blend_share:
        return picture
    other = Image.fromarray(pictures[rng.integers(len(pictures))])
    return Image.blend(picture, other, rng.uniform(*_BLEND_SHARES))


def _view(picture: Image.Image, chip_px: int, rng: np.random.Generator) -> Pictures:
    matrix = _chip_to_picture(chip_px, picture.width, rng)
    chip = picture.transform((chip_px, chip_px), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    chip = chip.point(_colours(rng))
    if rng.random() < _BLURRED_SHARE:
        chip = chip.filter(ImageFilter.BoxBlur(rng.uniform(*_BLUR_PX)))
    return np.asarray(chip)


def _chip_to_picture(chip_px: int, picture_px: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Returns the matrix [2, 3], row by row, that takes places in the chip to those in the picture."""
    sigmas = np.array([_SHIFT_PX, _SHIFT_PX, _TURN_RAD, _LOG_SCALE])
    *shift, turn, log_scale = sigmas * np.clip(rng.standard_normal(4), -_MOST_SIGMAS, _MOST_SIGMAS)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cosine, sine = np.exp(log_scale) * np.cos(turn), np.exp(log_scale) * np.sin(turn)
    matrix = np.array([[cosine * mirror, -sine], [sine * mirror, cosine]])
    offset = picture_px / 2 + np.array(shift) - matrix @ np.full(2, chip_px / 2)
    return tuple(np.column_stack([matrix, offset]).ravel().tolist())


def _colours(rng: np.random.Generator) -> list[int]:
    """Returns what becomes of each of 256 values of red, of green and of blue: contrast, brightness and a tint."""
    contrast = np.exp(_LOG_CONTRAST * rng.standard_normal())
    tint = np.exp(_LOG_COLOUR * rng.standard_normal((3, 1)))
    values = (np.arange(256) - 127.5) * contrast * tint + 127.5 + _BRIGHTNESS * rng.standard_normal()
    table: list[int] = np.clip(np.round(values), 0, 255).astype(int).ravel().tolist()
    return table
