"""The first three layers of PNet (conv1, prelu1, pool1), rearranged to touch less memory.

As published, conv1 writes 142 x 142 x 10 values of a tile of 144 px, prelu1 rewrites them and pool1 keeps a
quarter: half of the time of the whole network. The same numbers come from fewer steps:

1. The scaling of the pixels is linear, so it goes into conv1's weights.
2. The four outputs that fall into one window of pool1 are computed as 4 x C channels of one convolution of
   2 x 2 squares of pixels. pool1 is then the largest of four neighbouring channel groups.
3. prelu1 moves behind pool1. For alpha >= 0 it is monotone, so max and PReLU change places. For alpha < 0,
   PReLU(x) = max(x, alpha * x) and the maximum of a window is the larger of max(x) and max(alpha * x); so
   conv1 gives these channels twice, once with its weights times alpha.
4. What is left of prelu1 is the larger of two linear functions of the pooled channels: max(m, alpha * m), or
   max(m, the second copy). Where alpha > 1 it is the smaller, -max(-m, -alpha * m); that channel leaves
   with its sign turned, and conv2 takes it with its weights turned.

A tile holds many pictures, and pool1 must see nothing of what lies beyond a picture of odd size ("same"
padding). Such a picture is continued by one row or column of `OUTSIDE` pixels. They fill the last pixel of a
square, whose channels conv1 takes once more, with all colours cut off; their weights take the places that
see them out of the maximum. The first place of a window never sees one, so there is always one left.

`benchmarks/speed/pnet_graph.py` measures what that is worth.
"""

import numpy as np
import tensorflow as tf

from exporters.networks.layers import LayerWeights, conv2d
from exporters.signatures import PIXEL_UNIT
from exporters.weights.arrays import Float32Array, Weights

_WHITE = 255 * PIXEL_UNIT

_NEVER_LARGEST = -1e4
"""Weight of an outside pixel: times 255 units beyond white, far below anything that conv1 gives for colours."""


def stem(weights: Weights, tiles: tf.Tensor) -> tuple[tf.Tensor, Float32Array]:
    """Returns what pool1 gives for tiles [N, T, T, 3] of uint16, T even, and the sign of each channel.

    The first is [N, T / 2 - 1, T / 2 - 1, 10]; times the second, of shape [10], it is pool1(prelu1(conv1)).
    """
    alpha = weights["prelu1"]["alpha"].ravel()
    # 72 x 72 x (12 + 4): the pixels of each 2 x 2 square, and how far the last of them are beyond white. One
    # pixel has three channels; with the fourth, which has no weight, conv1 is a twentieth faster.
    with tf.name_scope("squares"):
        x = tf.nn.space_to_depth(tf.cast(tiles, tf.float32), 2)
        x = tf.concat([x, tf.maximum(x[..., 8:] - _WHITE, 0)], axis=-1)
    # 71 x 71 x (4 x 16)
    x = conv2d(x, _conv1_of_squares(weights["conv1"], alpha), "conv1")
    # 71 x 71 x 16
    x = _pool_groups(x, "pool1")
    # 71 x 71 x 10
    left, right, signs = _prelu1_of_pooled(alpha)
    with tf.name_scope("prelu1"):
        x = tf.maximum(
            tf.nn.conv2d(x, tf.constant(left, name="left"), strides=1, padding="VALID"),
            tf.nn.conv2d(x, tf.constant(right, name="right"), strides=1, padding="VALID"),
        )
    return x, signs


def _conv1_of_squares(conv1: LayerWeights, alpha: Float32Array) -> LayerWeights:
    """Returns conv1 for squares of unscaled pixels, once for each place of a pooling window.

    A place (y, x) of the window sees rows y to y + 2 and columns x to x + 2 of a 4 x 4 patch: 2 x 2 squares
    of 2 x 2 pixels. Channels out: place, then the ten of conv1, then copies of those with alpha < 0.
    """
    kernel = conv1["kernel"].astype(np.float64)  # 3 x 3 x 3 x 10
    bias = conv1["bias"] - kernel.sum(axis=(0, 1, 2)) * 127.5 / 128.0
    kernel = np.concatenate([kernel, (kernel * alpha)[..., alpha < 0]], axis=-1) / (128.0 * PIXEL_UNIT)
    bias = np.concatenate([bias, (bias * alpha)[alpha < 0]])

    patch = np.zeros((4, 4, 3, 4, kernel.shape[-1]))  # row, column, colour, place, channel
    for place in range(4):
        y, x = divmod(place, 2)
        patch[y : y + 3, x : x + 3, :, place] = kernel
    # row -> square, row in it; the same for columns; and the order that space_to_depth gives the pixels
    squares = patch.reshape(2, 2, 2, 2, 3, -1).transpose(0, 2, 1, 3, 4, 5).reshape(2, 2, 12, -1)
    squares = np.concatenate([squares, _outside_of_squares(kernel.shape[-1])], axis=2)
    return {"kernel": squares.astype(np.float32), "bias": np.tile(bias, 4).astype(np.float32)}


def _outside_of_squares(channels: int) -> Float32Array:
    """Returns the weights [2, 2, 4, 4 x channels] of the channels that say what is outside."""
    weights = np.zeros((2, 2, 4, 4, channels), np.float32)  # square's row and column, channel in, place, channel
    weights[1, 0, 1:, 2:] = _NEVER_LARGEST  # a row of outside pixels: not the lower two places
    weights[0, 1, 1:, 1::2] = _NEVER_LARGEST  # a column of them: not the right two
    return weights.reshape(2, 2, 4, -1)


def _pool_groups(x: tf.Tensor, name: str) -> tf.Tensor:
    """Returns the largest of the four groups of channels of [N, H, W, 4 x C], as [N, H, W, C]."""
    _, height, width, channels = x.shape
    with tf.name_scope(name):
        in_a_row = tf.reshape(x, [-1, height, width * 4, channels // 4])
        return tf.nn.max_pool2d(in_a_row, ksize=[1, 4], strides=[1, 4], padding="VALID")


def _prelu1_of_pooled(alpha: Float32Array) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Returns two 1 x 1 kernels, the larger of whose outputs is prelu1 up to the signs, the third."""
    doubled = np.flatnonzero(alpha < 0)
    left = np.zeros((alpha.size + doubled.size, alpha.size), np.float32)
    right = np.zeros_like(left)
    signs = np.where(alpha > 1, -1, 1).astype(np.float32)
    for channel in range(alpha.size):
        left[channel, channel] = signs[channel]
        right[channel, channel] = signs[channel] * max(alpha[channel], 0)
    right[alpha.size + np.arange(doubled.size), doubled] = 1
    return left[None, None], right[None, None], signs
