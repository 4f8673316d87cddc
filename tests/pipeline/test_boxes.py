import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orchestrator.pipeline.boxes import clip, overlaps, shift_edges, squares, suppress


def reference_overlap(a, b, by):
    """One pair, as one would explain it."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    base = area_a + area_b - common if by == "union" else min(area_a, area_b)
    return common / base if base else 0.0


def reference_suppress(boxes, scores, threshold, by):
    order = sorted(range(len(boxes)), key=lambda i: (scores[i], i), reverse=True)
    return [
        j
        for rank, j in enumerate(order)
        if all(reference_overlap(boxes[i], boxes[j], by) <= threshold for i in order[:rank])
    ]


@st.composite
def whole_boxes(draw):
    """Boxes with small whole coordinates, so that ties, touching edges and empty boxes occur."""
    n = draw(st.integers(0, 40))
    corner = draw(npst.arrays(np.float32, (n, 2), elements=st.integers(0, 12)))
    sides = draw(npst.arrays(np.float32, (n, 2), elements=st.integers(0, 8)))
    scores = draw(npst.arrays(np.float32, n, elements=st.sampled_from([0.25, 0.5, 0.75, 1.0])))
    return np.concatenate([corner, corner + sides], axis=1), scores


@pytest.mark.parametrize("by", ["union", "minimum"])
@given(data=st.data())
def test_overlaps_equal_the_definition(by, data):
    (a, _), (b, _) = data.draw(whole_boxes()), data.draw(whole_boxes())
    expected = [[reference_overlap(x, y, by) for y in b] for x in a]
    np.testing.assert_allclose(overlaps(a, b, by), np.reshape(expected, (len(a), len(b))), rtol=1e-6)


@pytest.mark.parametrize("by", ["union", "minimum"])
@given(data=whole_boxes(), threshold=st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.75, 1.0]))
def test_suppress_equals_the_slow_loop(by, data, threshold):
    boxes, scores = data
    # A third has no exact binary form: there the loop and float32 may round to different sides.
    threshold = float(np.nextafter(np.float32(threshold), np.float32(2))) if threshold == 1 / 3 else threshold
    kept = suppress(boxes, scores, threshold=threshold, by=by)
    assert kept.tolist() == reference_suppress(boxes.tolist(), scores.tolist(), threshold, by)


def test_suppress_equals_the_slow_loop_across_blocks():
    generator = np.random.default_rng(3)
    corner = generator.integers(0, 200, (700, 2))
    boxes = np.concatenate([corner, corner + generator.integers(1, 64, (700, 2))], axis=1).astype(np.float32)
    scores = generator.integers(0, 100, 700).astype(np.float32) / 128
    kept = suppress(boxes, scores, threshold=0.5, by="union")
    assert kept.tolist() == reference_suppress(boxes.tolist(), scores.tolist(), 0.5, "union")
    assert len(kept) > 256, "the case must span more than one block"


def test_a_box_at_the_threshold_stays_and_one_above_goes():
    half = np.array([[0, 0, 8, 8], [0, 0, 8, 4]], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress(half, scores, threshold=0.5, by="union").tolist() == [0, 1]
    assert suppress(half, scores, threshold=0.4999, by="union").tolist() == [0]


def test_a_dropped_box_still_drops_others():
    # The first overlaps the second, the second the third, the first and the third do not meet.
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert suppress(boxes, np.array([0.9, 0.8, 0.7], np.float32), threshold=0.4, by="union").tolist() == [0]


def test_empty_input_is_a_normal_case():
    none, no_scores = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    assert suppress(none, no_scores, threshold=0.5, by="union").shape == (0,)
    assert overlaps(none, none, "minimum").shape == (0, 0)
    assert squares(none).shape == clip(none, width_px=1, height_px=1).shape == shift_edges(none, none).shape == (0, 4)


def test_edges_shift_by_sides_that_count_the_last_pixel():
    box = np.array([[10, 20, 19, 39]], np.float32)  # 10 wide and 20 high, the last pixel counted
    shifted = shift_edges(box, np.array([[0.1, -0.1, 0.5, 1.0]], np.float32))
    np.testing.assert_allclose(shifted, [[11, 18, 24, 59]])


def test_squares_keep_the_centre_and_take_the_longer_side():
    np.testing.assert_allclose(
        squares(np.array([[0, 0, 10, 4], [-3, 5, -1, 11]], np.float32)), [[0, -3, 10, 7], [-5, 5, 1, 11]]
    )


def test_clip_ends_at_the_last_pixel():
    boxes = np.array([[-5, -1, 700, 3], [2, 3, 639, 479]], np.float32)
    np.testing.assert_array_equal(clip(boxes, width_px=640, height_px=480), [[0, 0, 639, 3], [2, 3, 639, 479]])
