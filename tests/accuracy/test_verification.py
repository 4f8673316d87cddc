"""The counting of the evaluation of vectors, on numbers small enough to count by hand."""

import numpy as np
import pytest

from benchmarks.accuracy.recognition.embedders import largest, most_central, read_vectors, write_vectors
from benchmarks.accuracy.recognition.people import LfwPair, PersonPicture, lfw_person, read_pairs, read_portraits
from benchmarks.accuracy.recognition.report import compared
from benchmarks.accuracy.recognition.verification import (
    Comparisons,
    best_threshold,
    fold_accuracies,
    nearest_person,
    other_people,
    share_within,
)


def comparisons(*rows):
    """Of (distance, same, fold, missed)."""
    distances, same, folds, missed = zip(*rows, strict=True)
    return Comparisons(np.array(distances), np.array(same), np.array(folds), np.array(missed))


def by_counting(distances, same, threshold):
    return sum((distance <= threshold) == truth for distance, truth in zip(distances, same, strict=True))


def test_the_best_threshold_is_the_middle_of_the_gap():
    distances, same = np.array([0.2, 0.4, 0.8, 1.0]), np.array([True, True, False, False])
    assert best_threshold(distances, same) == pytest.approx(0.6)


def test_no_threshold_judges_more_pairs_rightly():
    rng = np.random.default_rng(4)
    for _ in range(50):
        distances, same = rng.random(30).round(1), rng.random(30) < 0.5  # with ties
        best = max(by_counting(distances, same, at) for at in np.arange(-0.05, 1.1, 0.1))
        assert by_counting(distances, same, best_threshold(distances, same)) == best


def test_a_folds_threshold_comes_from_the_others():
    pairs = comparisons(
        (0.1, True, 0, False), (0.9, False, 0, False), (0.5, True, 1, False), (0.7, False, 1, False)
    )  # fmt: skip
    accuracies, thresholds = fold_accuracies(pairs)
    assert thresholds == pytest.approx([0.6, 0.5])
    assert accuracies == [1.0, 1.0]


def test_a_missed_face_is_an_error_whatever_the_pair_shows():
    pairs = comparisons(
        (0.0, True, 0, True), (0.0, False, 0, True), (0.2, True, 0, False),
        (0.3, True, 1, False), (0.8, False, 1, False),
    )  # fmt: skip
    assert fold_accuracies(pairs)[0][0] == pytest.approx(1 / 3)


def test_all_pairs_of_different_people_are_compared_once():
    vectors = np.array([[0, 0], [3, 4], [0, 1], [6, 8]], np.float32)
    found = other_people(vectors, ["a", "a", "b", "c"])
    expected = sorted([1, 10, np.hypot(3, 3), 5, np.hypot(6, 7)])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_share_includes_its_threshold():
    np.testing.assert_allclose(share_within(np.array([0.1, 0.2, 0.2, 0.4]), np.array([0.0, 0.2, 0.4])), [0, 0.75, 1])


def test_the_nearest_person_is_named_with_the_distance():
    gallery = np.array([[0, 0], [10, 0]], np.float32)
    assert nearest_person(gallery, ["a", "b"], np.array([[9, 0], [0, 2]], np.float32)) == [("b", 1.0), ("a", 2.0)]


def test_the_central_and_the_largest_box_are_chosen():
    boxes = np.array([[0, 0, 50, 50], [40, 30, 60, 50], [90, 0, 100, 10]], float)
    assert most_central(boxes, 100, 80) == 1
    assert largest(boxes, 100, 80) == 0


def test_pictures_and_people_are_read(tmp_path):
    (tmp_path / "lfw_pairs").mkdir()
    (tmp_path / "identify").mkdir()
    (tmp_path / "lfw_pairs" / "pairs.csv").write_text(
        "pair,fold,same,image1,image2\n0,2,0,A_B/A_B_0001.jpg,C/C_1.jpg\n"
    )
    (tmp_path / "identify" / "identify.csv").write_text("file,person,role\nimages/1.jpg,p7,gallery\n")
    (pair,) = read_pairs(tmp_path)
    assert pair == LfwPair(2, False, "lfw_pairs/images/A_B/A_B_0001.jpg", "lfw_pairs/images/C/C_1.jpg")
    assert lfw_person(pair.first) == "A_B"
    assert read_portraits(tmp_path) == [PersonPicture("identify/images/1.jpg", "p7", "gallery")]
    assert read_pairs(tmp_path / "absent") == read_portraits(tmp_path / "absent") == []


def test_one_fold_alone_is_dealt_into_ten_parts(tmp_path):
    (tmp_path / "lfw_pairs").mkdir()
    rows = [f"{place},{place // 20},{place % 2},A/1.jpg,B/1.jpg" for place in range(60)]
    (tmp_path / "lfw_pairs" / "pairs.csv").write_text("\n".join(["pair,fold,same,image1,image2", *rows]))
    assert [pair.fold for pair in read_pairs(tmp_path)] == [0] * 20 + [1] * 20 + [2] * 20
    assert [pair.fold for pair in read_pairs(tmp_path, [0, 2])] == [0] * 20 + [2] * 20
    assert [pair.fold for pair in read_pairs(tmp_path, [2])] == [*range(10), *range(10)]


def test_stored_vectors_come_back_and_so_do_missed_faces(tmp_path):
    vectors = {"a/b.jpg": np.array([3, 4], np.float32), "c.jpg": None}
    write_vectors(tmp_path / "vectors.npz", vectors)
    found = read_vectors(tmp_path / "vectors.npz")
    assert found["a/b.jpg"].tolist() == [3, 4]
    assert found["c.jpg"] is None
    pairs = [LfwPair(0, True, "a/b.jpg", "a/b.jpg"), LfwPair(1, False, "a/b.jpg", "c.jpg")]
    assert compared(pairs, found).missed.tolist() == [False, True]
    assert read_vectors(tmp_path / "none.npz") == {}
