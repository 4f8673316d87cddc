"""The counting of the evaluation, on pictures small enough to count by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.detection.agreement import differences
from benchmarks.accuracy.detection.dataset import EvaluationPicture
from benchmarks.accuracy.detection.detectors import above, whole_pixels
from benchmarks.accuracy.detection.scores import score_boxes, score_points, without_small
from benchmarks.accuracy.detection.stored_answers import read_answers, write_answers
from orchestrator.types import Detections

POINTS = np.array([[10, 10], [20, 10], [15, 15], [11, 20], [19, 20]], np.float32)  # eyes 10 px apart


def faces(*rows):
    """Detections of (x_min, y_min, x_max, y_max, score)."""
    array = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(array[:, :4], array[:, 4], np.tile(POINTS, (len(array), 1, 1)))


def picture(*boxes, ignored=(), small=(), complete=True):
    numbers = np.arange(len(boxes))
    boxes = np.array(boxes, float).reshape(-1, 4)
    return EvaluationPicture("p", Path("p"), "s", boxes, np.isin(numbers, ignored), np.isin(numbers, small), complete)


def test_a_face_counts_from_half_an_overlap():
    marked = picture((0, 0, 10, 10))
    assert score_boxes([marked], [faces((0, 0, 10, 5, 0.9))]).found == 1
    assert score_boxes([marked], [faces((0, 0, 10, 4.99, 0.9))]).found == 0


def test_a_marked_face_counts_once_for_the_best_score():
    score = score_boxes([picture((0, 0, 10, 10))], [faces((0, 0, 10, 9, 0.8), (0, 0, 10, 8, 0.9))])
    assert (score.found, score.false, score.average_precision) == (1, 1, 1.0)


def test_ignored_faces_neither_count_nor_hurt():
    score = score_boxes([picture((0, 0, 10, 10), (50, 50, 60, 60), ignored=[1])], [faces((50, 50, 60, 60, 0.9))])
    assert (score.found, score.marked, score.false) == (0, 1, 0)


def test_small_faces_can_be_left_out():
    marked = without_small(picture((0, 0, 10, 10), (50, 50, 90, 90), small=[0]))
    score = score_boxes([marked], [faces((0, 0, 10, 10, 0.9), (50, 50, 90, 90, 0.8))])
    assert (score.found, score.marked, score.false) == (1, 1, 0)


def test_other_faces_are_false_only_where_all_are_marked():
    other = faces((80, 80, 90, 90, 0.9))
    assert score_boxes([picture((0, 0, 10, 10))], [other]).false == 1
    assert score_boxes([picture((0, 0, 10, 10), complete=False)], [other]).false == 0


def test_average_precision_is_the_area_under_the_curve():
    # Right, wrong, right of three marked faces: precision 1 up to recall 1/3, 2/3 up to 2/3, then 0.
    marked = picture((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    found = faces((0, 0, 10, 10, 0.9), (70, 0, 80, 10, 0.8), (20, 0, 30, 10, 0.7))
    assert score_boxes([marked], [found]).average_precision == pytest.approx(1 / 3 + 2 / 9)
    assert math.isnan(score_boxes([picture()], [found]).average_precision)


def test_points_are_measured_in_eye_distances():
    marked = EvaluationPicture("p", Path("p"), "helen", landmarks=POINTS + np.array([1, 0]))
    score = score_points([marked, marked], [faces((0, 0, 30, 30, 0.9)), faces()])
    assert score.mean_error == pytest.approx(0.1)
    assert (score.missed, score.faces) == (1, 2)


@pytest.mark.parametrize(("shift", "same"), [(0.29, True), (0.31, False)])
def test_faces_differ_beyond_three_percent_of_the_eye_distance(shift, same):
    reference = faces((0, 0, 30, 30, 0.95), (0, 0, 9, 9, 0.89))
    moved = Detections(reference.boxes[:1], reference.scores[:1], reference.landmarks[:1] + np.float32([shift, 0]))
    assert (not differences("p", reference, moved)) == same


@pytest.mark.parametrize(("edge", "same"), [(27.1, True), (26.9, False)])
def test_faces_differ_below_an_overlap_of_nine_tenths(edge, same):
    assert (not differences("p", faces((0, 0, 30, 30, 0.95)), faces((0, 0, 30, edge, 0.9)))) == same


def test_a_face_without_any_near_it_is_told_as_such():
    (difference,) = differences("p", faces((0, 0, 30, 30, 0.95)), faces())
    assert (difference.iou, difference.landmark_error) == (0.0, math.inf)


def test_rounding_is_that_of_corner_and_sides():
    rounded = whole_pixels(faces((0.4, 0.6, 10.9, 11.0, 0.9)))
    np.testing.assert_array_equal(rounded.boxes, [[0, 1, 10, 11]])


def test_a_threshold_takes_faces_away():
    assert above(faces((0, 0, 9, 9, 0.8), (0, 0, 9, 9, 0.75)), 0.79).scores.tolist() == [np.float32(0.8)]


def test_stored_answers_come_back(tmp_path):
    answers = {"a/b.jpg": faces((1, 2, 3, 4, 0.5)), "c.png": faces()}
    write_answers(tmp_path / "answers.npz", answers)
    found = read_answers(tmp_path / "answers.npz")
    assert list(found) == list(answers)
    for name, expected in answers.items():
        np.testing.assert_array_equal(found[name].landmarks, expected.landmarks)
        np.testing.assert_array_equal(found[name].boxes, expected.boxes)
    assert read_answers(tmp_path / "none.npz") == {}
