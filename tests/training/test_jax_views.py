"""Views on JAX against Pillow, and against those that a processor draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from PIL import Image, ImageFilter

from exporters.training.embedder import views
from exporters.training.embedder.on_jax import views as jax_views

CHIP_PX = 150
NOBODY_ELSE = views.Augmentation(0.0)


def drawn(pictures, faces, augmentation, seed=0):
    key = random.key(seed)
    return np.asarray(
        jax_views.views(key, jnp.asarray(pictures), jnp.asarray(faces), chip_px=CHIP_PX, augmentation=augmentation)
    )


def test_a_place_between_pixels_is_what_pillow_makes_of_it(faces_182):
    matrix = np.array([[0.97, -0.21, 20.3], [0.21, 0.97, -4.9]])
    picture = faces_182.pictures[0]
    expected = Image.fromarray(picture).transform(
        (CHIP_PX, CHIP_PX), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BILINEAR
    )
    x, y = np.meshgrid(np.arange(CHIP_PX) + 0.5, np.arange(CHIP_PX) + 0.5)
    places = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T
    inside = ((places > 0.5) & (places < 181.5)).all(axis=-1)
    found = np.asarray(jax_views.sampled(jnp.asarray(picture, jnp.float32), jnp.asarray(places)))
    assert np.abs(found - np.asarray(expected))[inside].max() < 1.01  # Pillow cuts what is behind the point off
    assert inside.mean() > 0.9


@pytest.mark.parametrize("radius_px", [0.0, 0.5, 0.9, 1.0, 1.7, 2.0])
def test_blur_is_that_of_pillow(faces_182, radius_px):
    picture = faces_182.pictures[1]
    expected = np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(radius_px)))
    found = np.asarray(jax_views.box_blurred(jnp.asarray(picture, jnp.float32), radius_px))
    assert np.abs(found - expected).max() < 1.2  # Pillow rounds after each direction


@pytest.mark.parametrize("augmentation", [NOBODY_ELSE, views.Augmentation(0.7, 0.5, 6.0)])
def test_views_vary_as_those_of_a_processor(faces_182, augmentation):
    """Where pictures vary, and how much, over thirty views of each of eight faces."""
    faces = np.arange(0, 96, 12)
    found = np.stack([drawn(faces_182.pictures, faces, augmentation, seed) for seed in range(30)]).astype(np.float32)
    expected = np.stack(
        [
            views.views(faces_182.pictures, faces, view, chip_px=CHIP_PX, seed=1, augmentation=augmentation)
            for view in range(30)
        ]
    ).astype(np.float32)
    middle = slice(15, -15)  # Beyond a picture's edge the processor has black.
    found, expected = (one[:, :, middle, middle] for one in (found, expected))
    assert found.mean() == pytest.approx(expected.mean(), abs=2.5)
    assert found.std() == pytest.approx(expected.std(), rel=0.03)
    assert found.std(axis=0).mean() == pytest.approx(expected.std(axis=0).mean(), rel=0.05)
    maps = [one.std(axis=0).mean(axis=(0, 3)).ravel() for one in (found, expected)]
    assert np.corrcoef(*maps)[0, 1] > 0.97


def test_everything_random_follows_from_the_key(faces_182):
    faces, augmentation = np.arange(4), views.Augmentation(0.5, 0.5, 3.0)
    first = drawn(faces_182.pictures, faces, augmentation, 7)
    np.testing.assert_array_equal(first, drawn(faces_182.pictures, faces, augmentation, 7))
    assert (first != drawn(faces_182.pictures, faces, augmentation, 8)).any(axis=(1, 2, 3)).all()
    assert first.dtype == np.uint8
    assert first.shape == (4, CHIP_PX, CHIP_PX, 3)


def test_a_face_is_seen_with_others_only_where_that_is_asked_for():
    """Faces of one value each: what else there is in a view is another face's."""
    pictures = np.repeat(np.arange(40, 240, 20, dtype=np.uint8), 182 * 182 * 3).reshape(10, 182, 182, 3)
    faces = np.zeros(60, int)
    alone = drawn(pictures, faces, NOBODY_ELSE).astype(int)
    beside = drawn(pictures, faces, views.Augmentation(1.0, 1.0)).astype(int)
    sides = [np.ptp(one.mean(axis=3), axis=(1, 2)) for one in (alone, beside)]
    assert sides[0].max() == 0
    assert (sides[1] > 15).mean() == pytest.approx(0.9, abs=0.08)  # one in ten is blended with itself


def test_nothing_is_warped_where_that_is_not_asked_for():
    assert not np.asarray(jax_views._warp(random.key(0), CHIP_PX, 0.0)).any()
    moved = np.asarray(jax.vmap(lambda key: jax_views._warp(key, CHIP_PX, 4.0))(random.split(random.key(0), 200)))
    corner = moved[:, 0, 0]  # half a pixel from a corner of a cell
    assert corner.std() == pytest.approx(4.0 / np.sqrt(3), rel=0.1)  # the strength is uniform from 0
    assert np.abs(np.diff(moved, axis=1)).max() < 1.5
