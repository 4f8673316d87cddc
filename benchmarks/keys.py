"""Do 1,000 wrong API keys a second slow down a caller with a right one?

One caller detects the faces of a picture, over and over, with a right key. In turn, in one run: nobody
else calls; wrong keys come in at the same service; and as many come in at another service beside it, which
shows what the flood costs by taking time from the machine that it shares with the service: made by the same two
cores, it is not a stranger's.

    python -m benchmarks.keys                    # five minutes on two cores
    python -m benchmarks.keys --rounds 5 --rate 2000
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import numpy as np
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

import facegrid
from benchmarks.machine import conditions
from benchmarks.server_process import model_server
from facegrid.errors import Unauthenticated
from orchestrator.app.options import SERVING_CONFIG
from orchestrator.app.ports import free_ports
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.keys.entry import KeyEntry, digest, new_key
from orchestrator.keys.file import dump_keys
from orchestrator.keys.guard import open_guard

_QUIET, _FLOODED, _BESIDE = "nobody else calls", "wrong keys at this service", "wrong keys at another service"
_CALLS = 1000
_PICTURE = Path(__file__).resolve().parents[1] / "samples" / "grace_hopper.jpg"


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--model-server", metavar="ADDRESS", help="one that is running (default: start one)")
    parser.add_argument("--rate", type=int, default=1000, help="wrong keys per second (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="times that each is measured (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measures and prints three tables."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must be stopped
    console = Console()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        keys_file, key, key_id = _keys(Path(folder))
        console.print(_cost_of_a_key(keys_file, key))
        servers = args.model_server or stack.enter_context(_model_server(args.models_dir, Path(folder)))
        (service, process), (other, _) = (stack.enter_context(_service(servers, keys_file)) for _ in range(2))
        flood = stack.enter_context(_flood(args.rate, key_id))
        client = stack.enter_context(facegrid.connect(service, api_key=key))
        client.wait_until_ready(timeout_s=120)
        console.print(_cost_of_a_call(service, process, key_id))
        if args.rounds < 1:
            return 0
        results, rates = _measure(client, {_QUIET: "", _FLOODED: service, _BESIDE: other}, flood, args)
    console.print(_table(results, rates))
    console.print(conditions("grpcio", "tensorflow", "numpy"))
    return 0


def _measure(
    client: facegrid.Client, targets: dict[str, str], flood: Callable[[str], int], args: argparse.Namespace
) -> tuple[dict[str, list[list[float]]], dict[str, list[float]]]:
    """Returns the seconds of every call, by condition and round, and the wrong keys refused per second."""
    results: dict[str, list[list[float]]] = {name: [] for name in targets}
    rates: dict[str, list[float]] = {name: [] for name in targets}
    image = _PICTURE.read_bytes()
    client.detect(image)
    for number in track(range(args.rounds), description="rounds"):
        # In another order each round: what comes after a flood shall not always be the same.
        names = list(targets)[number % 3 :] + list(targets)[: number % 3]
        for name in names:
            flood(targets[name])
            began_s = time.perf_counter()
            seconds = []
            while (now_s := time.perf_counter()) - began_s < args.seconds:
                client.detect(image)
                seconds.append(time.perf_counter() - now_s)
            rates[name].append(flood("") / (time.perf_counter() - began_s))
            results[name].append(seconds)
    return results, rates


def _table(results: dict[str, list[list[float]]], rates: dict[str, list[float]]) -> Table:
    headings = ("while", "wrong keys/s", "calls", "p50 ms", "p95 ms", "p50 against nobody", "p50 against another")
    table = Table(*headings, title="Detect with a right key; ratios are medians over rounds")
    medians = {name: [median(one) for one in rounds] for name, rounds in results.items()}
    for name, rounds in results.items():
        every = np.concatenate(rounds) * 1000
        against = [
            f"{median(own / theirs for own, theirs in zip(medians[name], medians[reference], strict=True)):.3f} x"
            for reference in (_QUIET, _BESIDE)
        ]
        p50, p95 = np.percentile(every, (50, 95))
        table.add_row(name, f"{median(rates[name]):.0f}", str(len(every)), f"{p50:.1f}", f"{p95:.1f}", *against)
    return table


def _cost_of_a_key(keys_file: Path, key: str) -> Table:
    """Returns the microseconds that the guard itself takes, without gRPC."""
    guard = open_guard(str(keys_file))
    known_id = key.split("_")[1]
    table = Table("key", "microseconds of processor time", title="the guard by itself")
    for name, shown in {
        "right": key,
        "wrong secret": f"fg_{known_id}_{'0' * 64}",
        "unknown id": f"fg_00000000_{'0' * 64}",
        "no key": "x",
    }.items():
        metadata = [("user-agent", "x"), ("authorization", f"Bearer {shown}")]
        began_s = time.process_time()
        for _ in range(20_000):
            try:
                guard.admit("Detect", metadata)
            except Unauthenticated:
                continue
        table.add_row(name, f"{(time.process_time() - began_s) / 20_000 * 1e6:.1f}")
    return table


def _cost_of_a_call(target: str, process: psutil.Process, key_id: str) -> Table:
    """Returns what the service spends on calls that it answers at once; the machine's other work does not count."""
    table = Table("call", "microseconds of processor time", "against health", title="a call, one after the other")
    wrong = (("authorization", f"Bearer fg_{key_id}_{'0' * 64}"),)
    spent = {}
    with grpc.insecure_channel(target, [("grpc.enable_retries", 0)]) as channel:
        for name, method, metadata in (
            ("health", "/grpc.health.v1.Health/Check", None),
            ("unknown method", "/facegrid.v1.FaceService/Nothing", None),
            ("wrong key", "/facegrid.v1.FaceService/Detect", wrong),
        ):
            call: Any = channel.unary_unary(method)
            before_s = sum(process.cpu_times()[:2])
            for _ in range(_CALLS):
                with suppress(grpc.RpcError):
                    call(b"", metadata=metadata, timeout=30)
            spent[name] = (sum(process.cpu_times()[:2]) - before_s) / _CALLS * 1e6
            table.add_row(name, f"{spent[name]:.0f}", f"{spent[name] / spent['health']:.2f} x")
    return table


def _keys(folder: Path) -> tuple[Path, str, str]:
    """Writes a file with 1,000 keys; returns it, one of the keys, and the id of that."""
    file = folder / "keys.json"
    made = [new_key() for _ in range(1000)]
    entries = [KeyEntry(id=one, name="bench", sha256=digest(key), scopes=frozenset({"detect"})) for one, key in made]
    file.write_bytes(dump_keys({entry.id: entry for entry in entries}))
    key_id, key = made[-1]
    return file, key, key_id


@contextmanager
def _model_server(models_dir: Path, folder: Path) -> Iterator[str]:
    """Gives the address of a model server."""
    config = folder / "models.config"
    write_model_config(local_model_config(read_model_config(SERVING_CONFIG), models_dir), config)
    socket = folder / "models.sock"
    flags = (f"--model_config_file={config}", f"--grpc_socket_path={socket}")
    with model_server(*flags, log=folder / "model_server.log"):
        yield f"unix:{socket}"


@contextmanager
def _service(model_servers: str, keys_file: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Gives the address of a service, and its process."""
    (port,) = free_ports(1)
    env = {**os.environ, "FACEGRID_MODEL_SERVERS": model_servers, "FACEGRID_API_KEYS_FILE": str(keys_file)}
    address = f"127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "--address", address], env=env, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()


@contextmanager
def _flood(rate: int, known_id: str) -> Iterator[Callable[[str], int]]:
    """Gives a function that turns the flood to an address, or off, and returns the calls refused before."""
    command = [sys.executable, "-m", "benchmarks.wrong_keys", "--rate", str(rate), "--known-id", known_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101
        stdin, stdout = process.stdin, process.stdout

        def turn(address: str) -> int:
            stdin.write(address + "\n")
            stdin.flush()
            return int(stdout.readline())

        try:
            yield turn
        finally:
            stdin.close()


if __name__ == "__main__":
    sys.exit(main())
