"""Do requests fail, or does memory grow, when versions of a model replace each other all day?

    python -m benchmarks.reliability.rollouts --swaps 200

A model server watches a folder in which a new version replaces the old one, again and again; every tenth time the new
version is removed and the one before comes back. Callers request the latest version without a pause. Every request must
be answered, with the right answer for the version that it names, and with a version that was present when the request
was sent or became available before the answer. Resident memory is read after every swap.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import numpy as np
import psutil

from benchmarks.common.machine import conditions
from benchmarks.common.server_process import RunningServer, model_server
from benchmarks.common.trend import Trend, plot, trend
from benchmarks.reliability.helpers.rollout_models import ADDED
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import PredictRequest, PredictResponse
from facegrid.tfserving.v1.tensor_pb2 import DataType

SWAP_TIMEOUT_S = 120.0
MODEL = "m"
FIRST = 1


@dataclass(frozen=True)
class PredictAnswer:
    """A request that was answered well."""

    sent_s: float
    answered_s: float
    version: int


@dataclass
class RolloutFindings:
    """Answers, failures, swaps and memory. Times are of `time.perf_counter`."""

    answers: list[PredictAnswer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    swaps_s: list[tuple[float, float]] = field(default_factory=list)
    """When each swap began, with the folder's change, and ended, with the old version gone."""
    resident_mb: list[float] = field(default_factory=list)
    """After each swap."""


class PredictTraffic:
    """Callers that request the latest version without a pause and check the answers."""

    def __init__(self, channel: grpc.Channel, callers: int, findings: RolloutFindings) -> None:
        self._predict = channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict",
            request_serializer=PredictRequest.SerializeToString,
            response_deserializer=PredictResponse.FromString,
        )
        self._findings = findings
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(index,)) for index in range(callers)]
        self.presence: dict[int, list[list[float]]] = {FIRST: [[0.0, float("inf")]]}
        """For each version, the spans in which it may answer; the end is infinite until the version is gone."""

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, caller: int) -> None:
        numbers = np.random.default_rng(caller)
        while not self._stop.is_set():
            x = float(numbers.integers(0, 1000))
            sent_s = time.perf_counter()
            try:
                response = self._predict(_request(x), timeout=SWAP_TIMEOUT_S)
            except grpc.RpcError as error:
                self._findings.failures.append(f"{error.code()}: {error.details()}")
                continue
            answer = PredictAnswer(sent_s, time.perf_counter(), response.model_spec.version.value)
            self._findings.answers.append(answer)
            if list(response.outputs["y"].float_val) != [x / 2 + ADDED[flavour(answer.version)]]:
                self._findings.failures.append(f"version {answer.version} answered {response.outputs['y'].float_val}")
            if not self._was_there(answer):
                self._findings.failures.append(f"version {answer.version} answered when it was not wanted")

    def _was_there(self, answer: PredictAnswer) -> bool:
        spans = self.presence.get(answer.version, [])
        return any(answer.answered_s >= start_s and answer.sent_s <= end_s for start_s, end_s in list(spans))


def flavour(version: int) -> str:
    """Returns the name of the model of a version."""
    return "odd" if version % 2 else "even"


def _request(x: float) -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name = MODEL
    tensor = request.inputs["x"]
    tensor.dtype = DataType.DATA_TYPE_FLOAT
    for size in (1, 1):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.append(x)
    return request


class Rollouts:
    """Changes the folder of a server's model, and waits until the server has followed."""

    def __init__(
        self, base_path: Path, models: Path, server: RunningServer, traffic: PredictTraffic, findings: RolloutFindings
    ) -> None:
        self._base_path = base_path
        self._models = models
        self._traffic = traffic
        self._findings = findings
        self._process = psutil.Process(server.process.pid)
        self._status = server.channel.unary_unary(
            "/tensorflow.serving.ModelService/GetModelStatus",
            request_serializer=GetModelStatusRequest.SerializeToString,
            response_deserializer=GetModelStatusResponse.FromString,
        )

    def run(self, swaps: int, *, rollback_every: int) -> None:
        """Makes that many swaps, beginning with version FIRST alone."""
        served = newest = FIRST
        while len(self._findings.swaps_s) < swaps:
            newest += 1
            aside = copied(self._base_path, self._models, newest)
            with self._swapped(served, newest):
                aside.rename(self._base_path / str(newest))
            if newest % rollback_every == 0 and len(self._findings.swaps_s) < swaps:
                with self._swapped(newest, served):
                    gone = self._taken_away(newest)
            else:
                gone, served = self._taken_away(served), newest
            shutil.rmtree(gone)

    def _taken_away(self, version: int) -> Path:
        aside = self._base_path.parent / f"{version}.gone"
        return (self._base_path / str(version)).rename(aside)

    @contextlib.contextmanager
    def _swapped(self, old: int, new: int) -> Iterator[None]:
        """Waits after the block until `new` is available and `old` gone, and reads the memory then."""
        began_s = time.perf_counter()
        self._traffic.presence.setdefault(new, []).append([began_s, float("inf")])
        yield
        deadline_s = time.monotonic() + SWAP_TIMEOUT_S
        expected = (ModelVersionStatus.STATE_AVAILABLE, ModelVersionStatus.STATE_END)
        pause = threading.Event()
        while (states := self._states()) and (states.get(new), states.get(old)) != expected:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"version {new} did not replace {old} within {SWAP_TIMEOUT_S} s: {states}")
            pause.wait(0.01)
        ended_s = time.perf_counter()
        self._traffic.presence[old][-1][1] = ended_s
        self._findings.swaps_s.append((began_s, ended_s))
        self._findings.resident_mb.append(self._process.memory_info().rss / 2**20)

    def _states(self) -> dict[int, int]:
        request = GetModelStatusRequest()
        request.model_spec.name = MODEL
        answer = self._status(request, timeout=SWAP_TIMEOUT_S)
        return {one.version: one.state for one in answer.model_version_status}


def copied(base_path: Path, models: Path, version: int) -> Path:
    """Returns a complete version beside its model's folder; its files are links, which take no time."""
    aside = base_path.parent / f"{version}.new"
    shutil.copytree(models / flavour(version), aside, copy_function=os.link)
    return aside


def measure(folder: Path, *, swaps: int, callers: int, weights_mb: int, rollback_every: int = 10) -> RolloutFindings:
    """Runs a server in `folder` and returns what was seen."""
    models, base_path = folder / "models", folder / MODEL
    writer = [
        sys.executable,
        "-m",
        "benchmarks.reliability.helpers.rollout_models",
        str(models),
        f"--weights-mb={weights_mb}",
    ]
    subprocess.run(writer, check=True, capture_output=True)
    base_path.mkdir()
    copied(base_path, models, FIRST).rename(base_path / str(FIRST))
    findings = RolloutFindings()
    flags = (f"--model_name={MODEL}", f"--model_base_path={base_path}")
    with model_server(*flags, log=folder / "server.log") as server:
        traffic = PredictTraffic(server.channel, callers, findings)
        rollouts = Rollouts(base_path, models, server, traffic, findings)
        with traffic:
            rollouts.run(swaps, rollback_every=rollback_every)
    return findings


def report(findings: RolloutFindings) -> Trend:
    """Prints the findings, and returns the trend of the memory."""
    answers, swaps = findings.answers, findings.swaps_s
    took_ms = np.array([(answer.answered_s - answer.sent_s) * 1e3 for answer in answers])
    spans = np.array(swaps)
    during = np.array([np.any((a.sent_s < spans[:, 1]) & (a.answered_s > spans[:, 0])) for a in answers])
    print(f"{len(swaps)} swaps, {len(answers)} requests answered, {len(findings.failures)} failed or wrong")
    for failure in findings.failures[:10]:
        print("  ", failure)
    print(f"a swap took {np.median(spans[:, 1] - spans[:, 0]):.2f} s (median), from the change of the folder")
    for name, chosen in (("during a swap", took_ms[during]), ("between swaps", took_ms[~during])):
        if len(chosen):
            p50, p99, p999 = np.percentile(chosen, [50, 99, 99.9])
            print(f"latency {name}: median {p50:.2f} ms, p99 {p99:.1f}, p99.9 {p999:.1f}, max {chosen.max():.1f}")
    line = trend(findings.resident_mb)
    print(f"resident memory after a swap: {min(findings.resident_mb):.0f} to {max(findings.resident_mb):.0f} MB")
    half = trend(findings.resident_mb[len(swaps) // 2 :])
    for name, one in (("all swaps", line), ("the second half", half)):
        print(f"slope over {name}: {one.slope:.4f} MB per swap (95 %: {one.low:.4f} to {one.high:.4f})")
    return line


def main(argv: list[str] | None = None) -> int:
    """Prints the findings; 1 where a request failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--swaps", type=int, default=200, help="how often a version replaces another (200)")
    parser.add_argument("--callers", type=int, default=4, help="callers at once (4)")
    parser.add_argument("--weights-mb", type=int, default=64, help="weights of a version in MiB, a power of two (64)")
    parser.add_argument("--plot", type=Path, help="write resident memory over swaps as an SVG")
    args = parser.parse_args(argv)
    if args.swaps < 8:
        parser.error("--swaps: expected at least 8, since a slope needs that many")

    print(conditions("tensorflow", "grpcio"))
    with tempfile.TemporaryDirectory() as folder:
        findings = measure(Path(folder), swaps=args.swaps, callers=args.callers, weights_mb=args.weights_mb)
    line = report(findings)
    if args.plot:
        plot(args.plot, findings.resident_mb, line, x_label="swaps", y_label="resident memory, MB")
    return 1 if findings.failures else 0


if __name__ == "__main__":
    sys.exit(main())
