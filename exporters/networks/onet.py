"""ONet, the output network of MTCNN: whether a 48 x 48 crop is a face, its final box and five landmarks.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
"""

from collections.abc import Mapping

import tensorflow as tf

from exporters.networks.layers import conv2d, dense, face_score, flatten_columns_first, max_pool, prelu, scaled
from exporters.signatures import LANDMARKS, SERVING_DEFAULT
from exporters.weights.arrays import LayerShapes, Weights

LAYERS: LayerShapes = {
    "conv1": {"kernel": (3, 3, 3, 32), "bias": (32,)},
    "prelu1": {"alpha": (1, 1, 32)},
    "conv2": {"kernel": (3, 3, 32, 64), "bias": (64,)},
    "prelu2": {"alpha": (1, 1, 64)},
    "conv3": {"kernel": (3, 3, 64, 64), "bias": (64,)},
    "prelu3": {"alpha": (1, 1, 64)},
    "conv4": {"kernel": (2, 2, 64, 128), "bias": (128,)},
    "prelu4": {"alpha": (1, 1, 128)},
    "fc5": {"kernel": (1152, 256), "bias": (256,)},
    "prelu5": {"alpha": (256,)},
    "fc6_1": {"kernel": (256, 4), "bias": (4,)},
    "fc6_2": {"kernel": (256, 10), "bias": (10,)},
    "fc6_3": {"kernel": (256, 2), "bias": (2,)},
}


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of each signature of the contract `ONET`, for its input `crops`."""
    # 46 x 46 x 32
    x = conv2d(scaled(inputs["crops"]), weights["conv1"], "conv1")
    x = prelu(x, weights["prelu1"], "prelu1")
    # 23 x 23 x 32
    x = max_pool(x, size=3, padding="SAME", name="pool1")
    # 21 x 21 x 64
    x = conv2d(x, weights["conv2"], "conv2")
    x = prelu(x, weights["prelu2"], "prelu2")
    # 10 x 10 x 64
    x = max_pool(x, size=3, padding="VALID", name="pool2")
    # 8 x 8 x 64
    x = conv2d(x, weights["conv3"], "conv3")
    x = prelu(x, weights["prelu3"], "prelu3")
    # 4 x 4 x 64
    x = max_pool(x, size=2, padding="SAME", name="pool3")
    # 3 x 3 x 128
    x = conv2d(x, weights["conv4"], "conv4")
    x = prelu(x, weights["prelu4"], "prelu4")
    # 1152
    x = flatten_columns_first(x, "flatten4")
    # 256
    x = dense(x, weights["fc5"], "fc5")
    x = prelu(x, weights["prelu5"], "prelu5")
    # 1, 4 and 10
    scores = face_score(dense(x, weights["fc6_3"], "fc6_3"), "prob1")
    offsets = dense(x, weights["fc6_1"], "fc6_1")
    landmarks = _points(dense(x, weights["fc6_2"], "fc6_2"))
    return {SERVING_DEFAULT: {"scores": scores, "offsets": offsets, "landmarks": landmarks}}


def _points(x_then_y: tf.Tensor) -> tf.Tensor:
    """Returns the points [N, 5, 2] of rows that hold the five x, then the five y."""
    with tf.name_scope("points"):
        return tf.transpose(tf.reshape(x_then_y, [-1, 2, len(LANDMARKS)]), [0, 2, 1])
