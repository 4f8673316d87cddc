"""Views of faces: repeatable, of the right size, not far from the face."""

import numpy as np
import pytest
from PIL import Image

from exporters.training.views import middles, views

DRAWN = {"chip_px": 150, "seed": 1, "blend_share": 0.3}


@pytest.fixture(scope="module")
def pictures(faces_182):
    return faces_182.pictures


def test_a_view_follows_from_its_numbers_alone(pictures):
    together = views(pictures, np.array([5, 2, 7]), 3, **DRAWN)
    alone = views(pictures, np.array([2]), 3, **DRAWN)
    assert together.shape == (3, 150, 150, 3)
    assert together.dtype == np.uint8
    np.testing.assert_array_equal(together[1], alone[0])
    for other in (
        views(pictures, np.array([2]), 4, **DRAWN),
        views(pictures, np.array([2]), 3, **(DRAWN | {"seed": 2})),
    ):
        assert not np.array_equal(other, alone)


def test_views_lie_about_the_middle(pictures):
    """Their mean over many, half of them mirrored, is near that of the middle and its mirror image."""
    one = np.repeat(pictures[:1], 1, axis=0)
    many = np.concatenate([views(one, np.array([0]), view, **DRAWN) for view in range(200)]).astype(np.float32)
    middle = middles(one, 150)[0].astype(np.float32)
    expected = (middle + middle[:, ::-1]) / 2
    small = [
        np.asarray(Image.fromarray(x.astype(np.uint8)).resize((15, 15), Image.Resampling.BOX), np.float32)
        for x in (many.mean(axis=0), expected)
    ]
    assert np.abs(small[0] - small[1]).mean() < 6
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.98


def test_blends_are_two_faces(pictures):
    """Black and white give greys, and only where blends are asked for."""
    flat = np.zeros((2, 160, 160, 3), np.uint8)
    flat[1] = 255
    plain, blended = (
        np.concatenate(
            [views(flat, np.array([0, 1]), view, chip_px=150, seed=1, blend_share=share) for view in range(20)]
        )
        for share in (0.0, 1.0)
    )
    levels = plain[:, 75, 75].mean(axis=1), blended[:, 75, 75].mean(axis=1)
    assert not ((levels[0] > 75) & (levels[0] < 180)).any()
    assert ((levels[1] > 75) & (levels[1] < 180)).sum() >= 8


def test_the_middle_is_the_chip():
    pictures = np.arange(182 * 182 * 3, dtype=np.uint32).reshape(1, 182, 182, 3).astype(np.uint8)
    np.testing.assert_array_equal(middles(pictures, 150), pictures[:, 16:166, 16:166])
