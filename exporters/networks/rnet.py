"""RNet, the refinement network of MTCNN: whether a 24 x 24 crop is a face, and a better box for it.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
"""

from collections.abc import Mapping

import tensorflow as tf

from exporters.networks.layers import conv2d, dense, face_score, flatten_columns_first, max_pool, prelu, scaled
from exporters.signatures import SERVING_DEFAULT
from exporters.weights.arrays import LayerShapes, Weights

LAYERS: LayerShapes = {
    "conv1": {"kernel": (3, 3, 3, 28), "bias": (28,)},
    "prelu1": {"alpha": (1, 1, 28)},
    "conv2": {"kernel": (3, 3, 28, 48), "bias": (48,)},
    "prelu2": {"alpha": (1, 1, 48)},
    "conv3": {"kernel": (2, 2, 48, 64), "bias": (64,)},
    "prelu3": {"alpha": (1, 1, 64)},
    "fc4": {"kernel": (576, 128), "bias": (128,)},
    "prelu4": {"alpha": (128,)},
    "fc5_1": {"kernel": (128, 4), "bias": (4,)},
    "fc5_2": {"kernel": (128, 2), "bias": (2,)},
}


def build(weights: Weights, inputs: Mapping[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns the outputs of each signature of the contract `RNET`, for its input `crops`."""
    # 22 x 22 x 28
    x = conv2d(scaled(inputs["crops"]), weights["conv1"], "conv1")
    x = prelu(x, weights["prelu1"], "prelu1")
    # 11 x 11 x 28
    x = max_pool(x, size=3, padding="SAME", name="pool1")
    # 9 x 9 x 48
    x = conv2d(x, weights["conv2"], "conv2")
    x = prelu(x, weights["prelu2"], "prelu2")
    # 4 x 4 x 48
    x = max_pool(x, size=3, padding="VALID", name="pool2")
    # 3 x 3 x 64
    x = conv2d(x, weights["conv3"], "conv3")
    x = prelu(x, weights["prelu3"], "prelu3")
    # 576
    x = flatten_columns_first(x, "flatten3")
    # 128
    x = dense(x, weights["fc4"], "fc4")
    x = prelu(x, weights["prelu4"], "prelu4")
    # 1 and 4
    scores = face_score(dense(x, weights["fc5_2"], "fc5_2"), "prob1")
    return {SERVING_DEFAULT: {"scores": scores, "offsets": dense(x, weights["fc5_1"], "fc5_1")}}
