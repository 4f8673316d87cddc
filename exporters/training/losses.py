"""What an embedder is told is wrong with its vectors: three objectives.

distill   another embedder's vectors, and the distances between them (Hinton et al., 2015; Park et al., 2019)
triplet   pictures of one person nearer than others', by a margin, on semi-hard triplets (Schroff et al., 2015)
arcface   an additive angular margin between people (Deng et al., arXiv 1801.07698)
"""

import tensorflow as tf

OBJECTIVES = ("distill", "triplet", "arcface")

TRIPLET_MARGIN = 0.2  # FaceNet, section 3.1
ARC_MARGIN = 0.5  # ArcFace, section 3.1: m
ARC_SCALE = 64.0  # s

_DISTANCE_WEIGHT = 1.0
"""Of distances between vectors, against the vectors themselves."""

_TINY = 1e-12


def distill(vectors: tf.Tensor, taught: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the mean squared distance to the teacher's vectors [N, D], and that between both kinds of distances."""
    off = tf.reduce_mean(tf.reduce_sum(tf.square(vectors - taught), axis=1))
    difference = distances(vectors) - distances(taught)
    count = tf.cast(tf.shape(vectors)[0], tf.float32)
    between = tf.reduce_sum(tf.square(difference)) / tf.maximum(count * (count - 1), 1.0)
    return {"vectors": off, "distances": _DISTANCE_WEIGHT * between}


def distances(vectors: tf.Tensor) -> tf.Tensor:
    """Returns the Euclidean distances [N, N] between vectors [N, D]; gradients of those that are 0 are 0."""
    squares = _squared_distances(vectors)
    apart = squares > _TINY
    return tf.where(apart, tf.sqrt(tf.where(apart, squares, 1.0)), 0.0)


def _squared_distances(vectors: tf.Tensor) -> tf.Tensor:
    lengths = tf.reduce_sum(tf.square(vectors), axis=1)
    squares = lengths[:, None] - 2.0 * tf.matmul(vectors, vectors, transpose_b=True) + lengths[None, :]
    return tf.maximum(squares, 0.0)
