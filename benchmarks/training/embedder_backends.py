"""Does Inception v3 answer and learn alike on Keras's backends, and what does a step cost on each?

    pip install jax
    python -m benchmarks.training.embedder_backends

Each backend runs the network with the weights of the repository in its own process: first its vectors, then some steps
towards given vectors, all on the same random pictures. Without a GPU both use the CPU.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.common.machine import conditions

_BACKENDS = ("tensorflow", "jax")
_STEPS = 5
_MEASURED_STEPS = 20
_BATCH = 64


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.embedder_backends",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints differences and times; returns 2 where a backend is not installed."""
    args = build_parser().parse_args(argv)
    if args.out:
        _run(args.out)
        return 0
    absent = [name for name in _BACKENDS if not find_spec(name)]
    if absent:
        print(f"not installed: {', '.join(absent)}; pip install {' '.join(absent)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = {name: _in_process(name, Path(folder, f"{name}.npz")) for name in _BACKENDS}
    print(conditions("keras", *_BACKENDS))
    first, other = (found[name] for name in _BACKENDS)
    print(f"vectors, largest difference {abs(first['vectors'] - other['vectors']).max():.1e}")
    for step, pair in enumerate(zip(first["losses"], other["losses"], strict=True)):
        print(f"loss of step {step}: {_BACKENDS[0]} {pair[0]:.6f}, {_BACKENDS[1]} {pair[1]:.6f}")
    for name in _BACKENDS:
        print(f"{name}: {float(found[name]['step_s']):.3f} s a step of {_BATCH}")
    return 0


def _in_process(backend: str, out: Path) -> dict[str, np.ndarray]:
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}
    command = [sys.executable, "-m", "benchmarks.training.embedder_backends", "--out", str(out)]
    subprocess.run(command, env=environment, check=True)
    with np.load(out) as found:
        return dict(found)


def _run(out: Path) -> None:
    import keras  # noqa: PLC0415  (the backend is chosen when it is loaded)

    from exporters.networks import inception_v3  # noqa: PLC0415
    from exporters.weights.inception_v3 import FILE, read_embedder, set_weights  # noqa: PLC0415

    trained = read_embedder(FILE)
    network = inception_v3.model(input_px=trained.input_px, width=trained.width)
    set_weights(network, trained.weights)
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (_BATCH, trained.input_px, trained.input_px, 3)).astype(np.float32)
    aims = rng.normal(0, 0.1, (_BATCH, 128)).astype(np.float32)
    vectors = keras.ops.convert_to_numpy(network(pictures, training=False))
    network.compile(keras.optimizers.AdamW(1e-4), "mean_squared_error", jit_compile=keras.backend.backend() == "jax")
    losses = [float(network.train_on_batch(pictures, aims)) for _ in range(_STEPS)]
    times_s = []
    for _ in range(_MEASURED_STEPS):
        began_s = time.perf_counter()
        network.train_on_batch(pictures, aims)
        times_s.append(time.perf_counter() - began_s)
    np.savez(out, vectors=vectors, losses=losses, step_s=median(times_s))


if __name__ == "__main__":
    sys.exit(main())
