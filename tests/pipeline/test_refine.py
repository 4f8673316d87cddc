import math

import numpy as np
import pytest

from exporters.signatures import PIXEL_UNIT
from orchestrator.pipeline.refine import cut_crops, pass_onet, pass_rnet
from orchestrator.types import Candidates

GREY = 127.5 * PIXEL_UNIT


def reference_crop(image, box, side):
    """TensorFlow's crop_and_resize, pixel by pixel, for a box divided by the image's sides."""
    height, width = image.shape[:2]
    crop = np.full((side, side, 3), GREY)
    for i in range(side):
        for j in range(side):
            y = box[1] / height * (height - 1) + i * (box[3] - box[1]) / height * (height - 1) / (side - 1)
            x = box[0] / width * (width - 1) + j * (box[2] - box[0]) / width * (width - 1) / (side - 1)
            if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
                continue
            top, left = math.floor(y), math.floor(x)
            bottom, right = math.ceil(y), math.ceil(x)
            dy, dx = y - top, x - left
            upper = image[top, left] * (1 - dx) + image[top, right] * dx
            lower = image[bottom, left] * (1 - dx) + image[bottom, right] * dx
            crop[i, j] = upper * (1 - dy) + lower * dy
    return crop


@pytest.fixture
def image():
    return np.random.default_rng(4).integers(0, 255 * PIXEL_UNIT, (60, 90, 3), dtype=np.uint16)


@pytest.mark.parametrize("side", [24, 48])
def test_crops_are_sampled_as_tensorflow_does(image, side):
    boxes = np.array(
        [[3.25, 4.5, 40.75, 42], [10, 10, 14, 14], [-20, -13.5, 15, 21.5], [70, 30, 130, 90], [-50, -50, 150, 150]],
        np.float32,
    )
    crops = cut_crops(image, boxes, side)
    assert crops.shape == (5, side, side, 3)
    assert crops.dtype == np.uint16
    for crop, box in zip(crops, boxes, strict=True):
        expected = reference_crop(image.astype(float), box.tolist(), side)
        # A sample that rounding puts on the other side of the image's border is grey or not: leave those out.
        close = np.abs(crop - expected).max(axis=2) <= PIXEL_UNIT / 16
        assert close.mean() > 0.99


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 3000])
def test_any_number_of_crops(image, count):
    boxes = np.tile(np.array([[5, 5, 35, 35]], np.float32), (count, 1))
    crops = cut_crops(image, boxes, 24)
    assert crops.shape == (count, 24, 24, 3)
    assert not count or (crops == crops[0]).all()


def test_a_crop_does_not_depend_on_the_others(image):
    boxes = np.random.default_rng(6).uniform(-10, 80, (50, 4)).astype(np.float32)
    boxes[:, 2:] = boxes[:, :2] + 12
    together = cut_crops(image, boxes, 24)
    for index in (0, 17, 49):
        np.testing.assert_array_equal(cut_crops(image, boxes[[index]], 24)[0], together[index])


def test_rnet_moves_drops_and_squares():
    candidates = Candidates(
        np.array([[0, 0, 9, 9], [100, 100, 119, 119], [0, 0, 9, 9]], np.float32), np.ones(3, np.float32)
    )
    answer = {
        "scores": np.array([0.7, 0.9, 0.8], np.float32),
        "offsets": np.array([[0, 0, 0, 0], [0.1, 0, 0, 0.5], [-0.1, -0.1, 0.1, 0.1]], np.float32),
    }
    passed = pass_rnet(candidates, answer, threshold=0.7)
    np.testing.assert_allclose(passed.scores, [0.9, 0.8])
    # 20 pixels wide with the last one: x_min 102, y_max 129; then square about its centre.
    np.testing.assert_allclose(passed.boxes, [[96, 100, 125, 129], [-1, -1, 10, 10]], rtol=1e-6)


def test_onet_places_landmarks_by_the_crop_and_clips_the_box():
    image = np.zeros((50, 60, 3), np.uint16)
    candidates = Candidates(np.array([[40, 20, 79, 59]], np.float32), np.ones(1, np.float32))
    points = np.array([[[0, 0], [1, 1], [0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]], np.float32)
    answer = {
        "scores": np.array([0.95], np.float32),
        "offsets": np.array([[0.1, 0, 0, 0]], np.float32),
        "landmarks": points,
    }
    faces = pass_onet(candidates, answer, image, threshold=0.7)
    np.testing.assert_allclose(faces.boxes, [[44, 20, 59, 49]])
    np.testing.assert_allclose(faces.landmarks[0], np.array([39, 19]) + points[0] * 40)
    assert len(pass_onet(candidates, answer, image, threshold=0.95)) == 0
