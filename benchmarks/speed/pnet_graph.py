"""What does the rearranged PNet cost, against PNet layer by layer, and does the tile size matter?

    python -m benchmarks.speed.pnet_graph

The graphs run in turn, so that other load affects all alike. The time is that of the default signature (the best cells
of each tile). Each size gets about the same number of pixels; `ns/px` is per pixel of the input. The least time is what
the graph needs, the median what it took on this machine now.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

from benchmarks.common.machine import conditions
from exporters.networks import pnet
from exporters.networks.layers import conv2d, face_score, max_pool, prelu, scaled
from exporters.signatures import SERVING_DEFAULT, TILE_PX, TILE_TOP_K
from exporters.weights.arrays import Weights
from exporters.weights.mtcnn import read_mtcnn

_ROUNDS = 30
_PIXELS = 8 * 192 * 192
_SIZES_PX = (144, 192, 256, 320, 384, 512)


def main() -> None:
    """Prints a table for one thread and one for two."""
    print(conditions("tensorflow"))
    for threads in (1, 2):
        plain = f"plain {TILE_PX}"
        calls = {plain: _call(_layer_by_layer, TILE_PX, threads)}
        calls |= {f"ours {size}": _call(_best_cells, size, threads) for size in _SIZES_PX}
        times_ms = _measure(calls)
        print(f"\n{threads} thread(s), {_ROUNDS} rounds, {_PIXELS} pixels\n{'':12}median ms  least ms  ns/px  ratio")
        for name, measured in times_ms.items():
            least, size = min(measured), int(name.split()[1])
            ns_per_px = least * 1e6 / (_batch_size(size) * size * size)
            ratio = least / min(times_ms[plain]) * _batch_size(TILE_PX) * TILE_PX**2 / (_batch_size(size) * size**2)
            print(f"{name:12}{statistics.median(measured):9.1f}  {least:8.1f}  {ns_per_px:5.0f}  {ratio:5.2f}")


def _layer_by_layer(weights: Weights, tiles: tf.Tensor) -> dict[str, tf.Tensor]:
    """PNet as published."""
    x = prelu(conv2d(scaled(tiles), weights["conv1"], "conv1"), weights["prelu1"], "prelu1")
    x = max_pool(x, size=2, padding="VALID", name="pool1")
    x = prelu(conv2d(x, weights["conv2"], "conv2"), weights["prelu2"], "prelu2")
    x = prelu(conv2d(x, weights["conv3"], "conv3"), weights["prelu3"], "prelu3")
    scores = face_score(conv2d(x, weights["conv4_2"], "conv4_2"), "prob1")
    offsets = conv2d(x, weights["conv4_1"], "conv4_1")
    cells = x.shape[1] * x.shape[2]
    best_scores, best_cells = tf.math.top_k(tf.reshape(scores, [-1, cells]), TILE_TOP_K)
    best_offsets = tf.gather(tf.reshape(offsets, [-1, cells, 4]), best_cells, batch_dims=1)
    return {"scores": best_scores, "cells": best_cells, "offsets": best_offsets}


def _best_cells(weights: Weights, tiles: tf.Tensor) -> dict[str, tf.Tensor]:
    return pnet.build(weights, {"tiles": tiles})[SERVING_DEFAULT]


def _call(
    network: Callable[[Weights, tf.Tensor], dict[str, tf.Tensor]], size_px: int, threads: int
) -> Callable[[], object]:
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=threads,
        use_per_session_threads=True,  # else all sessions share the pool of the first
    )
    shape = (_batch_size(size_px), size_px, size_px, 3)
    tiles = np.random.default_rng(0).integers(0, 2**16, shape, dtype=np.uint16)
    with tf.Graph().as_default() as graph:
        placeholder = tf.compat.v1.placeholder(tf.uint16, [None, *shape[1:]])
        outputs = network(read_mtcnn("pnet", pnet.LAYERS), placeholder)
        session = tf.compat.v1.Session(graph=graph, config=config)
        run = session.make_callable(list(outputs.values()), [placeholder])
    return lambda: run(tiles)


def _batch_size(size_px: int) -> int:
    return max(1, round(_PIXELS / size_px**2))


def _measure(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    for call in calls.values():
        for _ in range(3):
            call()
    times_ms: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times_ms[name].append((time.perf_counter() - start) * 1000)
    return times_ms


if __name__ == "__main__":
    main()
