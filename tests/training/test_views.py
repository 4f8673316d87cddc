"""Views of faces: repeatable, of the right size, not far from the face."""

import numpy as np
import pytest
from PIL import Image

from exporters.training.embedder.views import Augmentation, _warp, middles, views

DRAWN = {"chip_px": 150, "seed": 1, "augmentation": Augmentation(blend_share=0.3, seam_share=0.3, warp_px=3)}


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


def test_what_is_not_asked_for_draws_nothing(pictures):
    """So a training from before there were seams and warps can be repeated: these mean colours are from then."""
    drawn = views(pictures, np.array([5, 2, 7]), 3, chip_px=150, seed=1, augmentation=Augmentation(blend_share=0.5))
    colours = [[143.8, 80.7, 40.92], [124.48, 73.95, 98.62], [151.42, 88.93, 46.05]]
    assert drawn.mean(axis=(1, 2)) == pytest.approx(np.array(colours), abs=0.05)


def test_blends_are_two_faces(pictures):
    """Black and white give greys, and only where blends are asked for."""
    flat = np.zeros((2, 160, 160, 3), np.uint8)
    flat[1] = 255
    plain, blended = (
        np.concatenate(
            [
                views(flat, np.array([0, 1]), view, chip_px=150, seed=1, augmentation=Augmentation(share))
                for view in range(20)
            ]
        )
        for share in (0.0, 1.0)
    )
    levels = plain[:, 75, 75].mean(axis=1), blended[:, 75, 75].mean(axis=1)
    assert not ((levels[0] > 75) & (levels[0] < 180)).any()
    assert ((levels[1] > 75) & (levels[1] < 180)).sum() >= 8


def test_a_seam_is_one_face_on_one_side_and_the_other_on_the_other(pictures):
    """Red beside blue: both are there as they are, and less is between."""
    flat = np.zeros((2, 160, 160, 3), np.uint8)
    flat[0, ..., 0] = flat[1, ..., 2] = 255
    augmentation = Augmentation(blend_share=1, seam_share=1)
    drawn = np.concatenate(
        [views(flat, np.array([0]), view, chip_px=150, seed=1, augmentation=augmentation) for view in range(40)]
    )
    blue = drawn[..., 2] / drawn.astype(float).sum(axis=-1).clip(1)
    with_blue = [one for one in blue if one.max() > 0.6]
    assert 8 < len(with_blue) < 32  # the second face is any, the first too
    both = [one for one in with_blue if one.min() < 0.1 and one.max() > 0.9]
    assert len(both) > 0.8 * len(with_blue)
    for one in both:
        assert 0.05 < ((one > 0.1) & (one < 0.9)).mean() < 0.6


def test_a_weak_warp_is_none(pictures):
    """Cell by cell the picture is drawn as it is in one piece."""
    turned = (0.96, -0.1, 25.0, 0.12, 1.03, 9.5)
    picture, bilinear = Image.fromarray(pictures[3]), Image.Resampling.BILINEAR
    whole = picture.transform((150, 150), Image.Transform.AFFINE, turned, bilinear)
    cells = picture.transform(
        (150, 150), Image.Transform.MESH, _warp(turned, 150, 1e-9, np.random.default_rng(0)), bilinear
    )
    np.testing.assert_allclose(np.asarray(cells, int), np.asarray(whole, int), atol=1)


def test_a_warp_moves_corners_and_keeps_cells_together():
    unmoved = (1.0, 0.0, 16.0, 0.0, 1.0, 16.0)
    spreads = []
    for seed in range(200):
        places = {}
        for (left, top, right, bottom), quad in _warp(unmoved, 150, 4.0, np.random.default_rng(seed)):
            corners = ((left, top), (left, bottom), (right, bottom), (right, top))
            for corner, place in zip(corners, np.reshape(quad, (4, 2)), strict=True):
                assert np.array_equal(places.setdefault(corner, place), place)
        moves = np.array([place - np.array(corner) - 16 for corner, place in places.items()])
        assert moves.shape == (16, 2)
        spreads.append(moves.std())
    # The strength is even from none to 4 px: mean square a third of 4 squared.
    assert np.mean(np.square(spreads)) == pytest.approx(16 / 3, rel=0.15)
    assert np.min(spreads) < 0.3
    assert 3 < np.max(spreads) < 6


def test_the_middle_is_the_chip():
    pictures = np.arange(182 * 182 * 3, dtype=np.uint32).reshape(1, 182, 182, 3).astype(np.uint8)
    np.testing.assert_array_equal(middles(pictures, 150), pictures[:, 16:166, 16:166])
