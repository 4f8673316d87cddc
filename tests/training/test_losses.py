"""Objectives against loops over single faces, and what their papers say of limits."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from exporters.training.embedder.distill import distill
from exporters.training.embedder.on_tensorflow import losses

PEOPLE = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])


@pytest.fixture
def vectors():
    """Vectors of some length, mostly near each other within a person; for two pairs no other person is farther."""
    rng = np.random.default_rng(4)
    return (rng.standard_normal((4, 6))[PEOPLE] + 1.5 * rng.standard_normal((9, 6))).astype(np.float32) * 3


def test_distilled_vectors_and_distances_are_compared_one_by_one(vectors):
    taught = vectors[::-1] + np.float32(0.1)
    found = distill(tf.constant(vectors), tf.constant(taught))
    between = [
        (np.linalg.norm(vectors[a] - vectors[b]) - np.linalg.norm(taught[a] - taught[b])) ** 2
        for a in range(9)
        for b in range(9)
        if a != b
    ]
    assert float(found["vectors"]) == pytest.approx(
        np.mean([((a - b) ** 2).sum() for a, b in zip(vectors, taught, strict=True)])
    )
    assert float(found["distances"]) == pytest.approx(np.mean(between), rel=1e-4)


def test_what_was_learned_is_not_wrong_and_pulls_nowhere(vectors):
    same = tf.Variable(np.repeat(vectors[:1], 4, axis=0))
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(distill(same, tf.constant(same)).values()))
    assert float(loss) == 0
    np.testing.assert_array_equal(tape.gradient(loss, same), np.zeros_like(same))  # not NaN: distances are 0


def _triplet_reference(vectors, people):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = []
    for a, anchor in enumerate(unit):
        others = [((anchor - unit[n]) ** 2).sum() for n in range(len(unit)) if people[n] != people[a]]
        for p, positive in enumerate(unit):
            if p != a and people[p] == people[a]:
                near = ((anchor - positive) ** 2).sum()
                farther = [far for far in others if far > near]
                found.append(max(0.0, near - (min(farther) if farther else max(others)) + 0.2))
    return np.mean(found)


def test_triplets_are_semi_hard(vectors):
    expected = _triplet_reference(vectors.astype(np.float64), PEOPLE)
    assert expected > 0.05
    found = losses.triplet(tf.constant(vectors), tf.constant(PEOPLE))
    assert float(found["triplets"]) == pytest.approx(expected, rel=1e-4)


def test_a_batch_without_a_pair_has_no_triplets(vectors):
    assert float(losses.triplet(tf.constant(vectors), tf.range(9))["triplets"]) == 0


def _arcface_reference(vectors, people, centres):
    found = []
    for vector, person in zip(vectors, people, strict=True):
        cosines = centres @ vector / np.linalg.norm(centres, axis=1) / np.linalg.norm(vector)
        logits = 64 * cosines
        logits[person] = 64 * math.cos(math.acos(cosines[person]) + 0.5)
        found.append(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[person])
    return np.mean(found)


def test_arcface_adds_an_angle(vectors):
    centres = np.random.default_rng(1).standard_normal((4, 6))
    expected = _arcface_reference(vectors.astype(np.float64), PEOPLE, centres)
    found = losses.arcface(tf.constant(vectors), tf.constant(PEOPLE), tf.constant(centres.astype(np.float32)))
    assert float(found["people"]) == pytest.approx(expected, rel=1e-4)


def test_arcface_falls_with_the_angle_all_the_way():
    """Even where angle and margin are more than pi together."""
    angles = np.linspace(0, math.pi, 50)
    centres = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    at = [
        float(
            losses.arcface(tf.constant([[math.cos(a), -math.sin(a)]], tf.float32), tf.constant([0]), centres)["people"]
        )
        for a in angles
    ]
    assert np.all(np.diff(at) > -1e-4)
    assert at[-1] > at[0] + 60


@pytest.mark.parametrize("objective", ["triplet", "arcface"])
def test_vectors_that_follow_the_loss_come_to_an_end(vectors, objective):
    """All margins are kept then."""
    free = tf.Variable(vectors)
    centres = tf.Variable(np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32))
    learned = [free] if objective == "triplet" else [free, centres]
    optimizer = keras.optimizers.Adam(0.1)
    told = []
    for _ in range(150):
        with tf.GradientTape() as tape:
            parts = (
                losses.triplet(free, tf.constant(PEOPLE))
                if objective == "triplet"
                else losses.arcface(free, tf.constant(PEOPLE), centres)
            )
            (loss,) = parts.values()
        told.append(float(loss))
        optimizer.apply_gradients(zip(tape.gradient(loss, learned), learned, strict=True))
    assert told[0] > 0.1
    assert told[-1] < 0.01
