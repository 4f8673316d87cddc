"""Pictures between pictures, where theory says what they are."""

import numpy as np
import pytest

from exporters.training.digits.barycenters import between

AT = np.arange(28)


def spot(x, y, radius=2.0):
    squares = (AT[None, :] - x) ** 2 + (AT[:, None] - y) ** 2
    return np.exp(-squares / (2 * radius**2)).astype(np.float32)[None]


def middle(picture):
    ink = picture[0] / picture[0].sum()
    return (ink.sum(axis=0) * AT).sum(), (ink.sum(axis=1) * AT).sum()


@pytest.mark.parametrize("share", [0.25, 0.5, 0.7])
def test_a_spot_moves_along_the_line(share):
    """Of two equal spots the barycenter is a spot between them: ink is moved, not mixed."""
    moved = between(spot(8, 10), spot(19, 16), np.array([share]))
    np.testing.assert_allclose(middle(moved), (8 + 11 * share, 10 + 6 * share), atol=0.3)
    mixed = (1 - share) * spot(8, 10) + share * spot(19, 16)
    assert moved[0, round(10 + 6 * share), round(8 + 11 * share)] > 0.9
    assert mixed[0, round(10 + 6 * share), round(8 + 11 * share)] < 0.5


def test_between_a_picture_and_itself_is_that_picture():
    picture = np.maximum(spot(9, 9), spot(18, 20))
    same = between(picture, picture, np.array([0.5]))
    assert np.corrcoef(same.ravel(), picture.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(middle(same), middle(picture), atol=0.2)


def test_pictures_do_not_depend_on_each_other():
    first, second = np.concatenate([spot(8, 8), spot(20, 9)]), np.concatenate([spot(20, 20), spot(9, 9)])
    together = between(first, second, np.array([0.5, 0.3]))
    np.testing.assert_allclose(together[1:], between(first[1:], second[1:], np.array([0.3])), atol=1e-6)
    assert together.min() >= 0
    assert together.max() <= 1
