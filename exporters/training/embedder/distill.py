"""The loss of an embedder that learns from another one, on any backend of Keras.

After Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, and Park et al., "Relational Knowledge
Distillation", 2019.
"""

from typing import Any

from keras import ops

Tensor = Any
"""Of Keras's backend."""

_DISTANCE_WEIGHT = 1.0
"""Weight of the distances between vectors; that of the vectors themselves is 1."""

_TINY = 1e-12


def distill(vectors: Tensor, taught: Tensor) -> dict[str, Tensor]:
    """Returns the mean squared distance to the teacher's vectors [N, D], and that between both tables of distances."""
    off = ops.mean(ops.sum(ops.square(vectors - taught), axis=1))
    difference = distances(vectors) - distances(taught)
    count = ops.cast(ops.shape(vectors)[0], "float32")
    between = ops.sum(ops.square(difference)) / ops.maximum(count * (count - 1), 1.0)
    return {"vectors": off, "distances": _DISTANCE_WEIGHT * between}


def distances(vectors: Tensor) -> Tensor:
    """Returns the Euclidean distances [N, N] between vectors [N, D]; gradients of those that are 0 are 0."""
    squares = squared_distances(vectors)
    apart = squares > _TINY
    return ops.where(apart, ops.sqrt(ops.where(apart, squares, 1.0)), 0.0)


def squared_distances(vectors: Tensor) -> Tensor:
    """Returns the squared Euclidean distances [N, N] between vectors [N, D]."""
    lengths = ops.sum(ops.square(vectors), axis=1)
    squares = lengths[:, None] - 2.0 * ops.matmul(vectors, ops.transpose(vectors)) + lengths[None, :]
    return ops.maximum(squares, 0.0)
