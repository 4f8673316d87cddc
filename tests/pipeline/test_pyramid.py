import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.signatures import PIXEL_UNIT, PNET_FIELD_PX
from orchestrator.pipeline.pyramid import draw_levels, plan_levels


def reference_average(image, width_px, height_px):
    """Each pixel as the mean over its area of the image, fractions of pixels by their share."""

    def shares(size, count):
        weights = np.zeros((count, size))
        for i in range(count):
            low, high = i * size / count, (i + 1) * size / count
            for j in range(size):
                weights[i, j] = max(0.0, min(high, j + 1) - max(low, j)) * count / size
        return weights

    rows, columns = shares(image.shape[0], height_px), shares(image.shape[1], width_px)
    return np.einsum("ij,jkc,lk->ilc", rows, image.astype(np.float64), columns)


def test_levels_are_those_of_the_paper():
    levels = plan_levels(640, 480, min_face_px=20, factor=0.709)
    assert [(level.width_px, level.height_px) for level in levels] == [
        (384, 288), (272, 204), (193, 144), (136, 102), (97, 72), (68, 51), (48, 36), (34, 25), (24, 18), (17, 13),
    ]  # fmt: skip
    assert levels[0].scale == pytest.approx(12 / 20)


@pytest.mark.parametrize(("side_px", "count"), [(1, 0), (11, 0), (19, 0), (20, 1), (21, 1), (29, 2)])
def test_a_picture_smaller_than_the_smallest_face_has_no_level(side_px, count):
    assert len(plan_levels(side_px, 500, min_face_px=20, factor=0.709)) == count


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    min_face_px=st.floats(12, 400),
    factor=st.floats(0.1, 0.95),
)
def test_every_level_holds_a_field_and_the_next_would_not(width, height, min_face_px, factor):
    levels = plan_levels(width, height, min_face_px=min_face_px, factor=factor)
    scales = [level.scale for level in levels]
    assert scales == sorted(scales, reverse=True)
    assert all(min(level.width_px, level.height_px) >= PNET_FIELD_PX for level in levels)
    following = scales[-1] * factor if levels else PNET_FIELD_PX / min_face_px
    assert int(min(width, height) * following + 1e-6) < PNET_FIELD_PX


def test_levels_are_averages_over_areas():
    image = np.random.default_rng(5).integers(0, 255 * PIXEL_UNIT, (61, 83, 3), dtype=np.uint16)
    levels = plan_levels(83, 61, min_face_px=20, factor=0.709)
    for level, drawn in zip(levels, draw_levels(image, levels), strict=True):
        expected = reference_average(image, level.width_px, level.height_px)
        assert np.abs(drawn - expected).max() <= 1, level
