"""Views of aligned faces: the augmentation of the embedder's training.

A view is a crop: moved, turned, scaled, mirrored, of other colours or blurred, as another camera or a less exact
detector might have given it. Three things make it another person: it may be the mean of two faces, a part of one beside
the rest of another, and warped. View v of face k follows from the seed, v and k alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pictures = NDArray[np.uint8]

SHIFT_PX = 2.5
TURN_RAD = 0.05
LOG_SCALE = 0.04
MOST_SIGMAS = 2.5
"""The three above are standard deviations of normal distributions, which are cut off at this multiple."""

BRIGHTNESS = 12.0
LOG_CONTRAST = 0.12
LOG_COLOUR = 0.04
BLURRED_SHARE = 0.2
BLUR_PX = (0.5, 2.0)
"""Radius of the square over which a blurred pixel is the mean."""
BLEND_SHARES = (0.3, 0.7)
"""Share of the second face in a blend."""
SEAM_OFF = 0.12
"""Standard deviation of the distance of a seam from the middle, in sides of the picture."""
SEAM_WIDTHS = (0.1, 0.4)
"""Width over which one face becomes the other, in sides of the picture."""
WARP_CELLS = 3
"""Cells along a side of the chip; a warp moves their corners."""


@dataclass(frozen=True)
class Augmentation:
    """How views show people that are in no picture."""

    blend_share: float
    """Share of the views that are made of two faces, from 0 to 1."""
    seam_share: float = 0.0
    """Share of those that have one face beside the other, from 0 to 1; the rest are means of two."""
    warp_px: float = 0.0
    """Standard deviation of the distance by which the strongest warp moves a place; most warps are weaker."""


def views(
    pictures: Pictures, faces: NDArray[np.integer], view: int, *, chip_px: int, seed: int, augmentation: Augmentation
) -> Pictures:
    """Returns a view of each of some faces, [N, chip_px, chip_px, 3].

    Args:
        pictures: [M, S, S, 3], of all faces.
        faces: [N], which of them.
        view: The number of the view, the same for all faces.
        chip_px: Side of a chip; at most S.
        seed: Of everything random.
        augmentation: How much of other people there is in the views.
    """
    drawn = [np.random.default_rng([seed, view, int(face)]) for face in faces]
    return np.array(
        [
            _view(_blend(pictures, int(face), augmentation, rng), chip_px, augmentation.warp_px, rng)
            for face, rng in zip(faces, drawn, strict=True)
        ],
        np.uint8,
    ).reshape(-1, chip_px, chip_px, 3)


def middles(pictures: Pictures, chip_px: int) -> Pictures:
    """Returns the chips [N, chip_px, chip_px, 3] in the middle of pictures [N, S, S, 3], unchanged."""
    start = (pictures.shape[1] - chip_px) // 2
    return pictures[:, start : start + chip_px, start : start + chip_px]


def _blend(pictures: Pictures, face: int, augmentation: Augmentation, rng: np.random.Generator) -> Image.Image:
    picture = Image.fromarray(pictures[face])
    if rng.random() >= augmentation.blend_share:
        return picture
    other = Image.fromarray(pictures[rng.integers(len(pictures))])
    # Without seams nothing is drawn for them, so that trainings from before there were seams can be repeated.
    if augmentation.seam_share and rng.random() < augmentation.seam_share:
        return Image.composite(other, picture, _seam(picture.width, rng))
    return Image.blend(picture, other, rng.uniform(*BLEND_SHARES))


def _seam(side_px: int, rng: np.random.Generator) -> Image.Image:
    """Returns how much of the second face there is at each place, 0 to 255: none on one side, all on the other."""
    towards = rng.uniform(0, 2 * np.pi)
    off, width = SEAM_OFF * rng.standard_normal(), rng.uniform(*SEAM_WIDTHS)
    x = (np.arange(side_px) + 0.5) / side_px - 0.5
    beyond = np.cos(towards) * x + np.sin(towards) * x[:, None] - off
    return Image.fromarray(np.clip(255 * (beyond / width + 0.5), 0, 255).astype(np.uint8))


def _view(picture: Image.Image, chip_px: int, warp_px: float, rng: np.random.Generator) -> Pictures:
    matrix = _chip_to_picture(chip_px, picture.width, rng)
    size, bilinear = (chip_px, chip_px), Image.Resampling.BILINEAR
    if warp_px:
        chip = picture.transform(size, Image.Transform.MESH, _warp(matrix, chip_px, warp_px, rng), bilinear)
    else:
        chip = picture.transform(size, Image.Transform.AFFINE, matrix, bilinear)
    chip = chip.point(_colours(rng))
    if rng.random() < BLURRED_SHARE:
        chip = chip.filter(ImageFilter.BoxBlur(rng.uniform(*BLUR_PX)))
    return np.asarray(chip)


def _warp(
    matrix: tuple[float, ...], chip_px: int, warp_px: float, rng: np.random.Generator
) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Returns the cells of the chip, (left, top, right, bottom), and where their corners lie in the picture.

    Between the corners Pillow interpolates, so cells meet without a step.
    """
    edges = np.linspace(0, chip_px, WARP_CELLS + 1).round().astype(int)
    places = np.stack(np.meshgrid(edges, edges), axis=-1)  # [row, column, (x, y)]
    moved = warp_px * rng.random() * rng.standard_normal(places.shape)
    corners = np.column_stack([places.reshape(-1, 2), np.ones(places[..., 0].size)]) @ np.reshape(matrix, (2, 3)).T
    corners = corners.reshape(places.shape) + moved
    cells = []
    for row in range(WARP_CELLS):
        for column in range(WARP_CELLS):
            box = (edges[column], edges[row], edges[column + 1], edges[row + 1])
            around = ((0, 0), (1, 0), (1, 1), (0, 1))  # (row, column): left above, left below, right below, right above
            quad = np.concatenate([corners[row + down, column + right] for down, right in around])
            cells.append((tuple(map(int, box)), tuple(quad.tolist())))
    return cells


def _chip_to_picture(chip_px: int, picture_px: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Returns the matrix [2, 3], row by row, that takes places in the chip to those in the picture."""
    sigmas = np.array([SHIFT_PX, SHIFT_PX, TURN_RAD, LOG_SCALE])
    *shift, turn, log_scale = sigmas * np.clip(rng.standard_normal(4), -MOST_SIGMAS, MOST_SIGMAS)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cosine, sine = np.exp(log_scale) * np.cos(turn), np.exp(log_scale) * np.sin(turn)
    matrix = np.array([[cosine * mirror, -sine], [sine * mirror, cosine]])
    offset = picture_px / 2 + np.array(shift) - matrix @ np.full(2, chip_px / 2)
    return tuple(np.column_stack([matrix, offset]).ravel().tolist())


def _colours(rng: np.random.Generator) -> list[int]:
    """Returns new values for each of 256 values of red, of green and of blue: contrast, brightness and a tint."""
    contrast = np.exp(LOG_CONTRAST * rng.standard_normal())
    tint = np.exp(LOG_COLOUR * rng.standard_normal((3, 1)))
    values = (np.arange(256) - 127.5) * contrast * tint + 127.5 + BRIGHTNESS * rng.standard_normal()
    table: list[int] = np.clip(np.round(values), 0, 255).astype(int).ravel().tolist()
    return table
