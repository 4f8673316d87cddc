"""Does any request crash the model server, hang it, or make it answer without a proper status?

    python -m benchmarks.reliability.fuzz --requests 20000

Several callers at once send mutated requests (`fuzzing/mutations.py`) to every gRPC method and REST route of one
server; reloads of its models are among them. Every request must be answered with a status in time, and none with the
server's own "internal error". Good requests in between must be answered well, and at the end the server must stop with
exit code 0. The seed makes the requests repeatable, not the order of the callers.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from benchmarks.common.machine import conditions
from benchmarks.common.ports import free_port
from benchmarks.common.server_process import model_server
from benchmarks.reliability.fuzzing.attacks import Attack, Fault, attacks, check
from benchmarks.reliability.fuzzing.good_requests import MODEL

CHECK_EVERY = 100
MAX_FAULTS = 20
"""A caller that has found as many stops."""


@dataclass
class FuzzFindings:
    """The answers and the faults of a run."""

    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each entrance answered with each status."""
    faults: list[str] = field(default_factory=list)
    took_s: float = 0.0
    resident_mb: tuple[float, float] = (0.0, 0.0)
    """Before the first request and after the last."""


def measure(folder: Path, *, requests: int, callers: int, seed: int) -> FuzzFindings:
    """Starts a server in a folder and sends it the requests; raises RuntimeError if it does not exit with 0."""
    base_path = folder / MODEL
    subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability.fuzzing.saved_model", str(base_path / "1")], check=True
    )
    rest_port = free_port()
    flags = (
        f"--model_name={MODEL}",
        f"--model_base_path={base_path}",
        f"--rest_api_port={rest_port}",
        "--max_num_load_retries=0",
        "--strict_input_shapes",  # as in the local stack: TensorFlow itself ends the process on some shapes
    )
    log = folder / "server.log"
    with model_server(*flags, log=log) as server:
        process = psutil.Process(server.process.pid)
        entrances = attacks(server.channel, rest_port, str(base_path))
        good = check(server.channel, rest_port, str(base_path))
        good(Random(seed))
        before_mb = _resident_mb(process)
        found = _attack(entrances, good, requests=requests, callers=callers, seed=seed)
        if server.process.poll() is not None:
            found.faults.append(f"the server ended with {server.process.returncode}")
        else:
            found.resident_mb = (before_mb, _resident_mb(process))
    if "Traceback" in (text := log.read_text(errors="replace")):
        found.faults.append("a traceback in the log:" + text[text.index("Traceback") :][:4000])
    return found


def _attack(
    entrances: dict[str, tuple[float, Attack]], good: Attack, *, requests: int, callers: int, seed: int
) -> FuzzFindings:
    found = FuzzFindings()
    names = list(entrances)
    shares = [share for share, _ in entrances.values()]

    def call(caller: int) -> None:
        random = Random(f"{seed} {caller}")
        faults = 0
        for number in range(caller, requests, callers):
            name = random.choices(names, shares)[0]
            try:
                status = entrances[name][1](random)
                if number // callers % CHECK_EVERY == 0:
                    good(random)
            except (Fault, OSError) as fault:
                found.faults.append(f"{name}, request {number}: {str(fault)[:2000]}")
                faults += 1
                if faults == MAX_FAULTS:
                    return
                continue
            found.statuses[name, status] += 1

    started_s = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        for done in [threads.submit(call, caller) for caller in range(callers)]:
            done.result()
    found.took_s = time.perf_counter() - started_s
    return found


def _resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def main(argv: list[str] | None = None) -> int:
    """Prints what every entrance answered; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    print(conditions("tensorflow", "grpcio", "uvicorn", "python-rapidjson"))
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), requests=args.requests, callers=args.callers, seed=args.seed)
    answered = found.statuses.total()
    print(f"{answered} wrong requests answered in {found.took_s:.0f} s; seed {args.seed}, {args.callers} callers")
    print(f"resident memory {found.resident_mb[0]:.0f} MiB before, {found.resident_mb[1]:.0f} MiB after")
    for name in sorted({name for name, _ in found.statuses}):
        counts = sorted(((count, status) for (of, status), count in found.statuses.items() if of == name), reverse=True)
        print(f"  {name}: {sum(count for count, _ in counts)}: " + ", ".join(f"{status} {n}" for n, status in counts))
    for fault in found.faults:
        print(f"FAULT {fault}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
