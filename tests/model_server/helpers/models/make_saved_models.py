"""Writes small SavedModels, in a process of its own because TensorFlow is slow to import and large.

Usage: python -m tests.model_server.helpers.models.make_saved_models FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.model_server.helpers.models.example_models import write_example_models
from tests.model_server.helpers.models.model_kinds import write_model_kinds
from tests.model_server.helpers.models.tflite_models import write_lite_models
from tests.model_server.helpers.models.warmup_models import write_warm_models
from tests.model_server.helpers.models.write_saved_model import signature, v1, write

ECHO_DTYPES = (
    "float32 float64 int32 uint8 int16 int8 string complex64 int64 bool bfloat16 uint16 complex128 half uint32 uint64"
)


def half_plus_two(offset):
    def build():
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        factor = v1.Variable(0.5, name="factor")
        y = tf.add(x * factor, offset, name="y")
        return {"serving_default": signature({"x": x}, {"y": y})}

    return build


def two_inputs():
    """values [None, 3] times count (default 2); besides, signatures without defaults and with an odd method."""
    values = v1.placeholder(tf.float32, [None, 3], name="values")
    count = v1.placeholder(tf.int32, [], name="count")
    scaled = tf.multiply(values, tf.cast(count, tf.float32), name="scaled")
    total = tf.reduce_sum(scaled, axis=1, name="total")
    inputs, outputs = {"values": values, "count": count}, {"scaled": scaled, "total": total}
    return {
        "serving_default": signature(inputs, outputs, {"count": np.int32(2)}),
        "plain": signature(inputs, outputs),
        "odd": signature(inputs, outputs, method_name="odd"),
    }


def matmul():
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    y = tf.matmul(x, np.ones((4, 2), np.float32), name="y")
    return {"serving_default": signature({"x": x}, {"y": y})}


def conv():
    images = v1.placeholder(tf.float32, [None, None, None, 3], name="images")
    maps = tf.nn.conv2d(images, np.ones((3, 3, 3, 2), np.float32), 1, "VALID", name="maps")
    return {"serving_default": signature({"images": images}, {"maps": maps})}


def echo():
    """One signature per dtype, named after it: y = x of any shape."""
    signatures = {}
    for name in ECHO_DTYPES.split():
        x = v1.placeholder(tf.as_dtype(name), None, name=f"x_{name}")
        signatures[name] = signature({"x": x}, {"y": tf.identity(x, name=f"y_{name}")})
    return signatures


def words():
    """Strings of any shape, answered as text, as bytes (by the output's name) and by their length."""
    x = v1.placeholder(tf.string, None, name="x")
    outputs = {"text": tf.identity(x), "raw_bytes": tf.identity(x), "length": tf.strings.length(x)}
    return {
        "serving_default": signature({"x": x}, outputs),
        "bytes": signature({"x": x}, {"raw_bytes": tf.identity(x)}),
    }


def slow():
    """Multiplies a matrix `steps` times, which takes as long as one likes."""
    steps = v1.placeholder(tf.int32, [], name="steps")
    start = np.eye(256, dtype=np.float32)
    _, last = tf.while_loop(
        lambda step, _: step < steps, lambda step, matrix: (step + 1, tf.matmul(matrix, start)), (0, start + 0.0)
    )
    return {"serving_default": signature({"steps": steps}, {"sum": tf.reduce_sum(last, name="sum")})}


def rows():
    """Tells of the batch: its size and its sum in every row; besides, outputs that no batch can be split by."""
    x = v1.placeholder(tf.float32, [None, None], name="x")
    size = tf.shape(x)[:1]
    outputs = {
        "x": tf.identity(x, name="same"),
        "size": tf.fill(size, tf.cast(size[0], tf.float32), name="size"),
        "sum": tf.fill(size, tf.reduce_sum(x), name="sum"),
        "scalar": tf.reduce_sum(x, name="scalar"),
        "twice": tf.concat([x, x], 0, name="twice"),
    }
    per_row = {alias: outputs[alias] for alias in ("x", "size", "sum")}
    return {"serving_default": signature({"x": x}, per_row), "odd": signature({"x": x}, outputs)}


def main(root: Path) -> None:
    write_example_models(root)
    write_model_kinds(root)
    write_lite_models(root)
    write_warm_models(root, half_plus_two(2.0))
    write(root / "half_plus_two" / "00000123", half_plus_two(2.0))
    write(root / "half_plus_three" / "1", half_plus_two(3.0))
    write(root / "two_inputs" / "1", two_inputs)
    write(root / "matmul" / "1", matmul)
    write(root / "conv" / "1", conv)
    write(root / "echo" / "1", echo)
    write(root / "slow" / "1", slow)
    write(root / "words" / "1", words)
    write(root / "rows" / "1", rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
