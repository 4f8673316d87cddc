"""The two losses of an embedder that learns from labelled faces.

triplet   pictures of one person are nearer than others by a margin, on semi-hard triplets (Schroff et al., 2015)
arcface   an additive angular margin between people (Deng et al., arXiv 1801.07698)
"""

import math
from collections.abc import Callable

import tensorflow as tf

from exporters.training.embedder.distill import squared_distances

Losses = dict[str, tf.Tensor]
"""Parts of the loss by name."""

Loss = Callable[[tf.Tensor, tf.Tensor], Losses]
"""Vectors [N, D], and a teacher's vectors [N, D] or the numbers of people [N] -> parts of the loss by name."""

TRIPLET_MARGIN = 0.2  # FaceNet, section 3.1
ARC_MARGIN = 0.5  # ArcFace, section 3.1: m
ARC_SCALE = 64.0  # s

_TINY = 1e-12
_FAR = 1e9


def triplet(vectors: tf.Tensor, people: tf.Tensor) -> Losses:
    """Returns the mean triplet loss over all pairs of one person, with semi-hard negatives.

    The loss of an anchor a, a positive p and a negative n is max(0, |a - p|^2 - |a - n|^2 + margin). n is the nearest
    vector of another person that is farther from a than p; if none is farther, n is the farthest one.

    Args:
        vectors: [N, D], of any length; their directions are compared.
        people: int32 [N].
    """
    apart = squared_distances(tf.math.l2_normalize(vectors, axis=1))
    same = people[:, None] == people[None, :]
    pairs = tf.cast(same & ~tf.eye(tf.shape(people)[0], dtype=tf.bool), tf.float32)  # [anchor, positive]
    farther = ~same[:, None, :] & (apart[:, None, :] > apart[:, :, None])  # [anchor, positive, negative]
    nearest = tf.reduce_min(tf.where(farther, apart[:, None, :], _FAR), axis=2)
    farthest = tf.reduce_max(tf.where(same, 0.0, apart), axis=1)[:, None]
    negative = tf.where(tf.reduce_any(farther, axis=2), nearest, farthest)
    too_near = tf.nn.relu(apart - negative + TRIPLET_MARGIN)
    return {"triplets": tf.reduce_sum(too_near * pairs) / tf.maximum(tf.reduce_sum(pairs), 1.0)}


def arcface(vectors: tf.Tensor, people: tf.Tensor, centres: tf.Tensor) -> Losses:
    """Returns the mean cross-entropy of people by the angles to their centres; the right angle is enlarged by a margin.

    Args:
        vectors: [N, D], of any length.
        people: int32 [N], from 0 to P - 1.
        centres: [P, D], of any length.
    """
    cosines = tf.matmul(tf.math.l2_normalize(vectors, axis=1), tf.math.l2_normalize(centres, axis=1), transpose_b=True)
    sines = tf.sqrt(tf.maximum(1.0 - tf.square(cosines), _TINY))
    moved = cosines * math.cos(ARC_MARGIN) - sines * math.sin(ARC_MARGIN)  # cos(angle + margin)
    # Beyond pi the cosine would rise again; there it goes on falling as a line.
    moved = tf.where(cosines > math.cos(math.pi - ARC_MARGIN), moved, cosines - ARC_MARGIN * math.sin(ARC_MARGIN))
    right = tf.one_hot(people, tf.shape(centres)[0], on_value=True, off_value=False, dtype=tf.bool)
    logits = ARC_SCALE * tf.where(right, moved, cosines)
    return {"people": tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(people, logits))}
