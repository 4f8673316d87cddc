"""The views of `embedder/views.py`, made on an accelerator, since a CPU is too slow to feed one.

The distributions are the same, the random numbers are others. Outside the picture its edge is repeated.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, random

from exporters.training.embedder import views as on_processor
from exporters.training.embedder.views import Augmentation

_BLUR_REACH = 2
"""Pixels to each side of the square of the strongest blur: the upper bound of `BLUR_PX`."""


@partial(jax.jit, static_argnames=("chip_px", "augmentation"))
def views(key: Array, pictures: Array, faces: Array, *, chip_px: int, augmentation: Augmentation) -> Array:
    """Returns a view of each of some faces, uint8 [N, chip_px, chip_px, 3].

    Args:
        key: Of everything random.
        pictures: uint8 [M, S, S, 3], of all faces.
        faces: int32 [N], which of them.
        chip_px: Side of a chip; at most S.
        augmentation: How much of other people there is in the views.
    """
    view = partial(_view, pictures=pictures, chip_px=chip_px, augmentation=augmentation)
    return jax.vmap(view)(random.split(key, len(faces)), faces)


def _view(key: Array, face: Array, pictures: Array, chip_px: int, augmentation: Augmentation) -> Array:
    blending, placing, warping, colouring, blurring = random.split(key, 5)
    picture = _blend(blending, face, pictures, augmentation)
    places = _affine(placing, chip_px, picture.shape[0]) + _warp(warping, chip_px, augmentation.warp_px)
    chip = _blurred(blurring, _coloured(colouring, sampled(picture, places)))
    return jnp.round(chip).astype(jnp.uint8)


def _blend(key: Array, face: Array, pictures: Array, augmentation: Augmentation) -> Array:
    """Returns a picture [S, S, 3], float32 from 0 to 255."""
    blended, seamed, who, share, seam = random.split(key, 5)
    other = pictures[random.randint(who, (), 0, len(pictures))].astype(jnp.float32)
    mean = random.uniform(share, (), minval=on_processor.BLEND_SHARES[0], maxval=on_processor.BLEND_SHARES[1])
    beside = random.uniform(seamed) < augmentation.seam_share
    of_other = jnp.where(beside, _seam(seam, pictures.shape[1]), mean)
    of_other = jnp.where(random.uniform(blended) < augmentation.blend_share, of_other, 0.0)[..., None]
    return (1 - of_other) * pictures[face].astype(jnp.float32) + of_other * other


def _seam(key: Array, side_px: int) -> Array:
    """Returns how much of the second face there is at each place, [S, S] from 0 to 1."""
    direction, away, over = random.split(key, 3)
    towards = random.uniform(direction, (), maxval=2 * np.pi)
    off = on_processor.SEAM_OFF * random.normal(away)
    width = random.uniform(over, (), minval=on_processor.SEAM_WIDTHS[0], maxval=on_processor.SEAM_WIDTHS[1])
    x = (jnp.arange(side_px) + 0.5) / side_px - 0.5
    beyond = jnp.cos(towards) * x + jnp.sin(towards) * x[:, None] - off
    return jnp.clip(beyond / width + 0.5, 0, 1)


def _affine(key: Array, chip_px: int, picture_px: int) -> Array:
    """Returns where each pixel of the chip lies in the picture, [chip_px, chip_px, (x, y)]."""
    moving, mirroring = random.split(key)
    most = on_processor.MOST_SIGMAS
    drawn = jnp.clip(random.normal(moving, (4,)), -most, most)
    shift = on_processor.SHIFT_PX * drawn[:2]
    turn, log_scale = on_processor.TURN_RAD * drawn[2], on_processor.LOG_SCALE * drawn[3]
    mirror = jnp.where(random.uniform(mirroring) < 0.5, -1.0, 1.0)
    cosine, sine = jnp.exp(log_scale) * jnp.cos(turn), jnp.exp(log_scale) * jnp.sin(turn)
    at = jnp.arange(chip_px) + 0.5 - chip_px / 2
    x, y = mirror * at[None, :], at[:, None]
    return jnp.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1) + picture_px / 2 + shift


def _warp(key: Array, chip_px: int, warp_px: float) -> Array:
    """Returns the shift of each pixel of the chip, [chip_px, chip_px, (x, y)]; bilinear between the cells' corners."""
    strength, moving = random.split(key)
    corners = on_processor.WARP_CELLS + 1
    moved = warp_px * random.uniform(strength) * random.normal(moving, (corners, corners, 2))
    edges = np.linspace(0, chip_px, corners).round()
    at = np.arange(chip_px) + 0.5
    near = np.array([np.interp(at, edges, one) for one in np.eye(corners)], np.float32)  # [corner, pixel]
    return jnp.einsum("ay,bx,abk->yxk", near, near, moved, precision="highest")


def sampled(picture: Array, places: Array) -> Array:
    """Returns a picture [S, S, 3] at places [H, W, (x, y)], the middle of its first pixel being at 0.5; bilinear."""
    side_px = picture.shape[0]
    inside = jnp.clip(places - 0.5, 0, side_px - 1)
    first = jnp.minimum(inside.astype(jnp.int32), side_px - 2)
    along_x, along_y = jnp.moveaxis(inside - first, -1, 0)[..., None]
    flat = picture.reshape(-1, 3)
    at = first[..., 1] * side_px + first[..., 0]
    upper = (1 - along_x) * flat[at] + along_x * flat[at + 1]
    lower = (1 - along_x) * flat[at + side_px] + along_x * flat[at + side_px + 1]
    pixels: Array = (1 - along_y) * upper + along_y * lower
    return pixels


def _coloured(key: Array, chip: Array) -> Array:
    contrasting, tinting, lighting = random.split(key, 3)
    contrast = jnp.exp(on_processor.LOG_CONTRAST * random.normal(contrasting))
    tint = jnp.exp(on_processor.LOG_COLOUR * random.normal(tinting, (3,)))
    light = on_processor.BRIGHTNESS * random.normal(lighting)
    return jnp.clip((chip - 127.5) * contrast * tint + 127.5 + light, 0, 255)


def _blurred(key: Array, chip: Array) -> Array:
    blurred, strength = random.split(key)
    low, high = on_processor.BLUR_PX
    radius_px = random.uniform(strength, (), minval=low, maxval=high)
    radius_px = jnp.where(random.uniform(blurred) < on_processor.BLURRED_SHARE, radius_px, 0.0)
    return box_blurred(chip, radius_px)


def box_blurred(chip: Array, radius_px: Array) -> Array:
    """Returns the mean over the square of a radius, up to 2 px, about each pixel; partly covered ones count partly."""
    off = np.arange(-_BLUR_REACH, _BLUR_REACH + 1)
    weights = jnp.clip(radius_px + 1 - np.abs(off), 0, 1) / (2 * radius_px + 1)
    for axis in (0, 1):
        reach = [(0, 0)] * 3
        reach[axis] = (_BLUR_REACH, _BLUR_REACH)
        wide = jnp.pad(chip, reach, mode="edge")
        size = chip.shape[axis]
        parts = (
            weight * jax.lax.slice_in_dim(wide, start, start + size, axis=axis) for start, weight in enumerate(weights)
        )
        chip = sum(parts)
    return chip
