"""What does a face cost with each version of the embedder, served, one at a time and 32 at once?

    python -m benchmarks.speed.embedders --models-dir models

One embedded model server has all versions; they are asked in turn, round by round, so that all see the same machine.
Each request is a batch of chips over gRPC, from one caller.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import grpc
import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.predict_calls import PREDICT, SameCall, predict_request, same_call
from benchmarks.common.server_process import START_TIMEOUT_S, model_server
from exporters.signatures import EMBEDDERS
from exporters.versions import versions

_CONFIG = """\
model_config_list {{
  config {{ name: "embedder" base_path: "{}" model_platform: "tensorflow" model_version_policy {{ all {{}} }} }}
}}
"""

_BATCHES = (1, 32)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.embedders",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--rounds", type=int, default=60, help="requests of each version and size (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the times; returns 2 where there are not two versions."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    present = [version for version in versions(args.models_dir / "embedder") if version in EMBEDDERS]
    if len(present) < 2:
        print(f"{args.models_dir} has no two versions of the embedder: {present}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "models.config")
        config.write_text(_CONFIG.format(args.models_dir.resolve() / "embedder"), encoding="utf-8")
        with model_server(f"--model_config_file={config}", log=Path(folder, "log")) as server:
            _measure(server.channel, present, args.rounds)
    print(f"\n{conditions('tensorflow', 'grpcio')}")
    return 0


def _measure(channel: grpc.Channel, present: list[int], rounds: int) -> None:
    print("| batch | " + " | ".join(f"version {one}, {EMBEDDERS[one].network}: ms a face" for one in present), end=" |")
    print(f" {present[-1]} / {present[0]} |\n" + "|---" * (len(present) + 2) + "|")
    for batch in _BATCHES:
        calls = [_call(channel, version, batch) for version in present]
        for call in calls:
            _wait_until_answered(call)
        taken_s = np.array([[_seconds(call) for call in calls] for _ in range(rounds)])
        faces_ms = [median(column) / batch * 1e3 for column in taken_s.T.tolist()]
        ratio = median((taken_s[:, -1] / taken_s[:, 0]).tolist())
        print(f"| {batch} | " + " | ".join(f"{one:.2f}" for one in faces_ms) + f" | {ratio:.2f} |")


def _wait_until_answered(call: SameCall) -> None:
    """Calls until the version is loaded: the port opens with the first one."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            call()
        except grpc.RpcError as err:
            if err.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)
        else:
            return


def _seconds(call: SameCall) -> float:
    started_s = time.perf_counter()
    call()
    return time.perf_counter() - started_s


def _call(channel: grpc.Channel, version: int, batch: int) -> SameCall:
    side = EMBEDDERS[version].chip_px
    chips = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3)).astype(np.uint8)
    request = predict_request("embedder", {"chips": chips}, version=version)
    return same_call(channel, PREDICT, request.SerializeToString())


if __name__ == "__main__":
    sys.exit(main())
