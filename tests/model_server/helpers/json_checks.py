"""JSON to tensors compared with TensorFlow's own conversion of nested lists.

Run in a process of its own, because TensorFlow is slow to import: python -m tests.model_server.helpers.json_checks
Prints {"agreed": number, "wrong": [what differs]}.
"""

import json
import random
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from model_server.errors import ServingError
from model_server.rest.json_parser import parse_object
from model_server.rest.json_tensors import tensor

DTYPES = ("float32", "float64", "int32", "int64", "uint32", "uint64", "bool", "string")
# Whole numbers that all dtypes hold: TensorFlow lets others wrap round, which upstream's REST API does not.
NUMBERS = (0, 1, 7, 2**31 - 1, 1.5, -0.25, 1e30)
WORDS = ("", "a", "é")
TRUTHS = (True, False)


def nested(generator: random.Random, leaves: tuple[Any, ...]) -> Any:
    """A list of any depth to three, of one kind of leaf more often than not, and regular more often than not."""
    shape = [generator.randrange(1, 4) for _ in range(generator.randrange(4))]
    kind = type(generator.choice(leaves))
    leaves = tuple(leaf for leaf in leaves if type(leaf) is kind or generator.random() < 0.05)

    def build(level: int) -> Any:
        if level == len(shape) or generator.random() < 0.02:
            return generator.choice(leaves)
        return [build(level + 1) for _ in range(shape[level] + (generator.random() < 0.02))]

    return build(0)


def by_tensorflow(value: Any, dtype: str) -> np.ndarray | None:
    try:
        np.array(value)  # refuses every ragged list; TensorFlow takes some of strings for arrays of another shape
        return tf.make_ndarray(tf.make_tensor_proto(value, dtype))
    except (TypeError, ValueError, OverflowError):
        return None


def by_us(value: Any, dtype: str) -> np.ndarray | None:
    numpy_type = np.dtype(object if dtype == "string" else dtype)
    try:
        return tensor(parse_object(json.dumps({"x": value}).encode())["x"], numpy_type)
    except ServingError:
        return None


def difference(value: Any, dtype: str) -> str | None:
    expected, found = by_tensorflow(value, dtype), by_us(value, dtype)
    if expected is None or found is None:
        same = expected is found
    else:
        same = np.shape(expected) == found.shape and bool(np.all(np.asarray(expected) == found))
    return None if same else f"{dtype} of {value!r}: TensorFlow {expected!r}, we {found!r}"


def main() -> None:
    generator = random.Random(0)
    agreed, wrong = 0, []
    for _ in range(3000):
        # A truth is a number for TensorFlow, but not in JSON, so the two are not mixed.
        is_truth = generator.random() < 0.2
        value = nested(generator, TRUTHS + WORDS if is_truth else NUMBERS + WORDS)
        for dtype in ("bool", "string") if is_truth else DTYPES:
            differs = difference(value, dtype)
            agreed += differs is None
            if differs:
                wrong.append(differs)
    json.dump({"agreed": agreed, "wrong": wrong[:20], "count": len(wrong)}, sys.stdout)


if __name__ == "__main__":
    main()
