"""Writes the SavedModel of `benchmarks.reliability.fuzz`: a signature for each kind of request.

    python -m benchmarks.reliability.fuzzing.saved_model FOLDER

Signatures named after dtypes return their input; `pair` takes two tensors, `conv` pictures; `classify` and
`regress` take examples. The default is y = x / 2 + 2.
"""

import argparse
import os
import sys
from pathlib import Path

ECHOED = ("float32", "float64", "int32", "uint8", "int64", "uint64", "bool", "string", "half", "complex64")


def write(path: Path) -> None:
    """Writes the SavedModel."""
    import tensorflow as tf  # noqa: PLC0415 - seconds

    v1 = tf.compat.v1

    def signature(inputs: dict[str, object], outputs: dict[str, object], method: str = "predict") -> object:
        def infos(tensors: dict[str, object]) -> dict[str, object]:
            return {alias: v1.saved_model.build_tensor_info(tensor) for alias, tensor in tensors.items()}

        return v1.saved_model.build_signature_def(infos(inputs), infos(outputs), f"tensorflow/serving/{method}")

    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1])
        signatures = {"serving_default": signature({"x": x}, {"y": x / 2 + 2})}
        for name in ECHOED:
            echoed = v1.placeholder(tf.as_dtype(name), None)
            signatures[name] = signature({"x": echoed}, {"y": tf.identity(echoed)})
        left, right = v1.placeholder(tf.float32, [None, 2]), v1.placeholder(tf.int32, [])
        pair = {"product": left * tf.cast(right, tf.float32), "raw_bytes": tf.strings.as_string(left)}
        signatures["pair"] = signature({"left": left, "right": right}, pair)
        images = v1.placeholder(tf.float32, [None, None, None, 3])
        maps = tf.nn.conv2d(images, tf.ones((3, 3, 3, 2)), 1, "VALID")
        signatures["conv"] = signature({"images": images}, {"maps": maps})
        examples = v1.placeholder(tf.string, [None])
        parsed = v1.io.parse_example(examples, {"x": v1.io.FixedLenFeature([1], tf.float32)})["x"] / 2 + 2
        signatures["regress"] = signature({"inputs": examples}, {"outputs": parsed}, "regress")
        signatures["classify"] = signature({"inputs": examples}, {"scores": parsed}, "classify")
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()


def main(argv: list[str] | None = None) -> int:
    """Writes it to a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    write(args.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
