"""Does the default stack stay right while its processes are killed all the time?

    python -m benchmarks.reliability.stack_soak [--minutes 30] [--plot docs/images/stack_soak.svg]

Starts `facegrid up` as it is by default, keeps calling it through our client with its default repeats, and kills a
process of the stack every 20 s, drawn by chance among all that there are, supervisord and its keeper included. Every
answer is compared with the one from before the first kill. Prints what was killed and how long the service was away
each time, wrong answers, memory and descriptors by the minute, and what `down` left.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

import facegrid
from benchmarks.common.local_stack import PICTURE, LocalStack, local_stack
from benchmarks.common.machine import conditions
from benchmarks.common.trend import plot, trend
from benchmarks.reliability.kills import command_of, failure_of_a_call, stack_processes
from facegrid.errors import FacegridError
from orchestrator.app.down import lost_processes

_PERIOD_S = 20.0
_CALLERS = 2
_SCORE_TOLERANCE = 1e-4
_BOX_TOLERANCE_PX = 0.02


@dataclass
class SoakCalls:
    """Callers of the service, and how their answers compare with the first one."""

    address: str
    right: int = 0
    wrong: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._picture = PICTURE.read_bytes()
        with facegrid.connect(self.address) as client:
            self._expected = client.detect(self._picture)
        self._threads = [threading.Thread(target=self._call) for _ in range(_CALLERS)]

    def start(self) -> None:
        """Begins to call."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the calls."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        with facegrid.connect(self.address) as client:
            while not self._ended.is_set():
                try:
                    found = client.detect(self._picture, timeout_s=5)
                except FacegridError as err:
                    self.errors[type(err).__name__] += 1
                    self._ended.wait(0.1)
                    continue
                if self._is_right(found):
                    self.right += 1
                else:
                    self.wrong += 1

    def _is_right(self, found: list[facegrid.Face]) -> bool:
        return len(found) == len(self._expected) and all(
            abs(one.score - other.score) <= _SCORE_TOLERANCE
            and np.allclose(_corners(one), _corners(other), atol=_BOX_TOLERANCE_PX)
            for one, other in zip(found, self._expected, strict=True)
        )


def _corners(face: facegrid.Face) -> tuple[float, float, float, float]:
    return face.box.x_min, face.box.y_min, face.box.x_max, face.box.y_max


def main(argv: list[str] | None = None) -> int:
    """Prints what happened; returns 1 for a wrong answer, a service that stayed away, or something left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="draw the memory by the minute here")
    args = parser.parse_args(argv)
    print(conditions("ray", "grpcio", "supervisor"))
    rng = random.Random(args.seed)
    with local_stack(args.models_dir) as stack:
        calls = SoakCalls(stack.state.address)
        calls.start()
        try:
            away, sizes = soak(stack, args.minutes * 60, rng)
        finally:
            calls.stop()
    left = lost_processes(stack.state_dir)
    print("\n| killed | times | service away, median s | longest s |\n|---|---|---|---|")
    for name, seconds in sorted(away.items()):
        print(f"| {name} | {len(seconds)} | {np.median(seconds):.1f} | {max(seconds):.1f} |")
    memory = [megabytes for megabytes, _ in sizes]
    grown = trend(memory) if len(memory) > 3 else None
    print(f"\nanswers: {calls.right} right, {calls.wrong} wrong; errors after repeats: {dict(calls.errors)}")
    print(f"memory by the minute, MB: {', '.join(f'{one:.0f}' for one in memory)}")
    if grown is not None:
        print(f"MB more in a minute: {grown.slope:.1f}, in 95 of 100 cases {grown.low:.1f} to {grown.high:.1f}")
    print(f"descriptors by the minute: {', '.join(str(count) for _, count in sizes)}")
    print(f"processes left after down: {len(left)}")
    if args.plot and grown is not None:
        plot(args.plot, memory, grown, x_label="minute", y_label="memory of the stack, MB")
    return 1 if calls.wrong or left or not calls.right else 0


def soak(
    stack: LocalStack, duration_s: float, rng: random.Random
) -> tuple[dict[str, list[float]], list[tuple[float, int]]]:
    """Kills for so long; returns the seconds without service by what was killed, and memory and descriptors."""
    away: defaultdict[str, list[float]] = defaultdict(list)
    sizes: list[tuple[float, int]] = []
    begin_s = time.monotonic()
    while (now_s := time.monotonic() - begin_s) < duration_s:
        if now_s >= 60 * len(sizes):
            sizes.append(size_of(stack_processes(stack)))
        victim = rng.choice(stack_processes(stack))
        name = name_of(command_of(victim))
        struck_s = time.monotonic()
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
        last_s = 0.0
        while time.monotonic() - struck_s < _PERIOD_S or last_s > time.monotonic() - struck_s - 3:
            if failure_of_a_call(stack.state.address):
                last_s = time.monotonic() - struck_s
            time.sleep(0.2)
        away[name].append(last_s)
        print(f"{now_s:6.0f} s  {name}: away for {last_s:.1f} s", flush=True)
    return away, sizes


def size_of(processes: list[psutil.Process]) -> tuple[float, int]:
    """Returns the memory in MB, shared pages counted once, and the open descriptors."""
    megabytes, descriptors = 0.0, 0
    for process in processes:
        with suppress(psutil.Error):
            megabytes += process.memory_full_info().pss / 2**20
            descriptors += process.num_fds()
    return megabytes, descriptors


def name_of(command: str) -> str:
    """Returns what a process is, from its command line."""
    names = (
        *("supervisor.supervisord", "supervision.part", "supervision.keeper", "model_server", "gcs_server", "raylet"),
        *("haproxy -", "serve_host"),
    )
    if command.startswith("ray::"):
        return command.split(maxsplit=1)[0].removeprefix("ray::")
    return next((name.strip(" -") for name in names if name in command.replace("/", " ")), "a process that had ended")


if __name__ == "__main__":
    sys.exit(main())
