"""The losses of single pictures, beside slow obvious sums."""

import numpy as np
import pytest
import tensorflow as tf

from exporters.training.digits.losses import likeness, misread, other_labels, overruled

DIGITS = np.eye(10, dtype=np.float32)


def entropy(labels, logits):
    return -(labels * (logits - np.log(np.exp(logits).sum()))).sum()


@pytest.fixture
def light():
    return np.random.default_rng(0).uniform(-1, 1, (6, 28, 28, 1)).astype(np.float32)


def says(logits):
    """Returns a reader that says the same of every picture."""
    return lambda made, **_: tf.tile(tf.constant(logits, tf.float32)[None], [tf.shape(made)[0], 1])


def test_readers_count_alike(light):
    first, second = np.linspace(0, 3, 10), np.linspace(2, -1, 10)
    labels = DIGITS[[3] * 6]
    expected = (entropy(labels[0], first) + entropy(labels[0], second)) / 2
    assert float(misread([says(first), says(second)], light, labels)) == pytest.approx(expected, rel=1e-5)


def test_one_who_is_sure_overrules_all_others(light):
    undecided, sure = np.zeros(10), np.zeros(10)
    undecided[[2, 3]] = 5.0
    sure[2] = 5.0
    labels = (DIGITS[[2] * 6] + DIGITS[[3] * 6]) / 2
    alone = float(overruled([says(sure)], light, labels, (1, tf.constant(0))))
    jury = [says(undecided), says(sure), says(undecided)]
    assert float(overruled(jury, light, labels, (1, tf.constant(0)))) == pytest.approx(alone)
    assert float(overruled([says(undecided)], light, labels, (1, tf.constant(0)))) < alone


def test_jurors_see_the_pictures_moved_each_another_way():
    seen = []

    def juror(made, **_training):
        seen.append(np.argwhere(made.numpy()[0, ..., 0] > 0)[0])
        return tf.zeros([1, 10])

    dot = np.full((1, 28, 28, 1), -1, np.float32)
    dot[0, 14, 14] = 1
    overruled([juror] * 40, tf.constant(dot), DIGITS[:1], (1, tf.constant(0)))
    places = {tuple(place - 14) for place in seen}
    assert len(places) > 10
    assert {abs(step) for place in places for step in place} == {0, 1, 2}


def test_likeness_is_what_pairs_of_one_digit_lack(light):
    labels = DIGITS[[1, 1, 1, 7, 7, 2]]
    made = light * 0.5
    pairs = [(0, 1), (0, 2), (1, 2), (3, 4)]
    real = np.mean([np.linalg.norm(light[a] - light[b]) / 2 for a, b in pairs])
    assert float(likeness(light, made, labels)) == pytest.approx(real / 2, rel=1e-3)
    assert float(likeness(made, light, labels)) == 0


def test_pictures_that_are_all_different_digits_have_no_likeness(light):
    assert float(likeness(light, light * 0, DIGITS[:6])) == 0


@pytest.mark.parametrize("number", range(10))
def test_other_labels_never_fit(number):
    others = other_labels(tf.constant(DIGITS), tf.constant(number)).numpy()
    assert (others.argmax(axis=1) != np.arange(10)).all()
    assert (others.sum(axis=1) == 1).all()
