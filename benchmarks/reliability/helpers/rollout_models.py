"""Writes the two SavedModels that `benchmarks.reliability.rollouts` rolls out in turn.

    python -m benchmarks.reliability.helpers.rollout_models FOLDER --weights-mb 64

FOLDER/even answers x / 2 + 2, FOLDER/odd x / 2 + 3. The added number is the sum over all variables, of 1 MiB each. So
the answer is right only if every variable was restored, and a version that stays in memory is visible.
"""

import argparse
import os
import sys
from pathlib import Path

ADDED = {"even": 2.0, "odd": 3.0}

_VALUES_PER_VARIABLE = 2**18  # 1 MiB of float32


def write(path: Path, added: float, weights_mb: int) -> None:
    """Writes one SavedModel, input and output x and y float32 [N, 1]."""
    import tensorflow as tf  # noqa: PLC0415 - seconds

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        value = tf.constant(added / weights_mb, tf.float32, [_VALUES_PER_VARIABLE])
        weights = [v1.Variable(value, name=f"weights_{index}") for index in range(weights_mb)]
        y = tf.add(x / 2, tf.add_n([weight[0] for weight in weights]), name="y")
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.build_signature_def(
            {"x": v1.saved_model.build_tensor_info(x)},
            {"y": v1.saved_model.build_tensor_info(y)},
            "tensorflow/serving/predict",
        )
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map={"serving_default": signature})
        builder.save()


def main(argv: list[str] | None = None) -> int:
    """Writes both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights-mb", type=int, default=64, help="a power of two, so that the sum is exact (64)")
    args = parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for name, added in ADDED.items():
        write(args.folder / name, added, args.weights_mb)
    return 0


if __name__ == "__main__":
    sys.exit(main())
