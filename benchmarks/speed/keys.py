"""Do 1,000 wrong API keys a second slow down a caller with a right one?

One caller detects the faces of a picture, over and over, with a right key: at the service itself (the plain host), and
through the HAProxy that `facegrid up --tls-cert` puts before it. Three conditions follow each other in one run: there
are no other calls; calls with wrong keys come to the same address; and as many come to another service on this machine,
which shows what the flood costs by the processor time that it takes.

    python -m benchmarks.speed.keys                    # five minutes on two cores; needs h2load
    python -m benchmarks.speed.keys --rounds 5 --rate 2000
    python -m benchmarks.speed.keys --rounds 0         # what a key and a call cost, alone
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
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
from benchmarks.common.machine import conditions
from benchmarks.common.paths import SAMPLES
from benchmarks.speed.helpers.key_flood import Flood, flood, h2load
from benchmarks.speed.helpers.keys_stack import make_certificate, models, proxy, service, write_keys
from facegrid.errors import FacegridError, Unauthenticated
from orchestrator.keys.guard import open_guard

_QUIET, _FLOODED, _BESIDE = "no other calls", "wrong keys here", "wrong keys beside"
_CALLS = 1000
_PICTURE = SAMPLES / "grace_hopper.jpg"


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.keys",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--model-server", metavar="ADDRESS", help="one that is running (default: start one)")
    parser.add_argument("--rate", type=int, default=1000, help="wrong keys per second (default: %(default)s)")
    parser.add_argument("--request-bytes", type=int, default=1024, help="sent with each (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=8, help="times that each is measured (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement (default: %(default)s)")
    return parser


@dataclass
class KeyedEndpoint:
    """An address of the service, and its measurements by condition and round."""

    name: str
    address: str
    processes: list[psutil.Process]
    client: facegrid.Client
    beside: str
    """URL of the same endpoint of another service."""
    url: str
    seconds: dict[str, list[list[float]]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    floods: dict[str, list[Flood]] = field(default_factory=dict)


def main(argv: list[str] | None = None) -> int:
    """Measures and prints three tables."""
    args = build_parser().parse_args(argv)
    if args.rounds > 0:
        h2load()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must be stopped
    console = Console()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        keys_file, key = write_keys(folder, 1000)
        wrong = f"{key[:12]}{'0' * 64}"
        console.print(_cost_of_a_key(keys_file, key))
        servers = args.model_server or stack.enter_context(models(args.models_dir, folder))
        endpoints = _endpoints(stack, folder, servers, keys_file, key)
        console.print(_cost_of_a_call(endpoints, wrong, folder / "tls.crt"))
        for number in track(range(args.rounds), description="rounds"):
            for endpoint in endpoints:
                _measure(endpoint, wrong, number, args)
    if args.rounds > 0:
        for endpoint in endpoints:
            console.print(_table(endpoint))
    console.print(conditions("grpcio", "tensorflow", "numpy"))
    return 0


def _endpoints(stack: ExitStack, folder: Path, servers: str, keys_file: Path, key: str) -> list[KeyedEndpoint]:
    tls = make_certificate(folder)
    services = [stack.enter_context(service(servers, keys_file)) for _ in range(2)]
    proxies = [stack.enter_context(proxy(folder / f"proxy{port}", tls, keys_file, port)) for port, _ in services]
    found = []
    for name, scheme, ports in (("the service", "http", services), ("HAProxy before it", "https", proxies)):
        here, beside = (f"127.0.0.1:{port}" for port, _ in ports)
        trust = facegrid.Tls(ca_file=tls[0]) if scheme == "https" else None
        client = stack.enter_context(facegrid.connect(here, api_key=key, tls=trust))
        client.wait_until_ready(timeout_s=120)
        client.detect(_PICTURE.read_bytes())
        processes = [services[0][1], *([proxies[0][1]] if scheme == "https" else [])]
        found.append(KeyedEndpoint(name, here, processes, client, f"{scheme}://{beside}", f"{scheme}://{here}"))
    return found


def _measure(endpoint: KeyedEndpoint, wrong: str, number: int, args: argparse.Namespace) -> None:
    """Measures each condition once, in another order each round, so that not always the same one follows a flood."""
    urls = {_QUIET: "", _FLOODED: endpoint.url, _BESIDE: endpoint.beside}
    names = list(urls)[number % 3 :] + list(urls)[: number % 3]
    image = _PICTURE.read_bytes()
    for name in names:
        seconds: list[float] = []
        url = urls[name]
        options = {"rate": args.rate, "request_bytes": args.request_bytes, "seconds": args.seconds}
        with flood(url, wrong, **options) if url else nullcontext(Flood()) as result:
            began_s = time.perf_counter()
            while (now_s := time.perf_counter()) - began_s < args.seconds:
                try:
                    endpoint.client.detect(image)
                except FacegridError:
                    endpoint.failed[name] = endpoint.failed.get(name, 0) + 1
                else:
                    seconds.append(time.perf_counter() - now_s)
        endpoint.floods.setdefault(name, []).append(result)
        endpoint.seconds.setdefault(name, []).append(seconds)


def _table(endpoint: KeyedEndpoint) -> Table:
    table = Table(
        title=f"Detect with a right key at {endpoint.name}; p50 against other conditions: medians over rounds"
    )
    for heading in (
        "condition",
        "refused/s",
        "h2load cores",
        "calls",
        "failed",
        "p50 ms",
        "p95 ms",
        "quiet",
        "beside",
    ):
        table.add_column(heading)
    medians = {name: [median(one or [np.nan]) for one in rounds] for name, rounds in endpoint.seconds.items()}
    for name, rounds in endpoint.seconds.items():
        p50, p95 = np.percentile(np.concatenate(rounds) * 1000, (50, 95))
        against = [
            f"{median(own / theirs for own, theirs in zip(medians[name], medians[other], strict=True)):.3f} x"
            for other in (_QUIET, _BESIDE)
        ]
        made = endpoint.floods[name]
        rate, cores = median(one.refused_per_s for one in made), median(one.cores for one in made)
        calls = (str(sum(map(len, rounds))), str(endpoint.failed.get(name, 0)))
        table.add_row(name, f"{rate:.0f}", f"{cores:.2f}", *calls, f"{p50:.1f}", f"{p95:.1f}", *against)
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


def _cost_of_a_call(endpoints: list[KeyedEndpoint], wrong: str, ca_file: Path) -> Table:
    """Returns what is spent on calls that are answered at once; the machine's other work does not count."""
    headings = ("at", "call", "microseconds of processor time", "against health")
    table = Table(*headings, title="a call, one after the other, with all processes that it comes through")
    metadata = (("authorization", f"Bearer {wrong}"),)
    for endpoint in endpoints:
        spent = {}
        with _channel(endpoint, ca_file) as channel:
            for name, method, shown in (
                ("health", "/grpc.health.v1.Health/Check", None),
                ("unknown method", "/facegrid.v1.FaceService/Nothing", metadata),
                ("wrong key", "/facegrid.v1.FaceService/Detect", metadata),
            ):
                call: Any = channel.unary_unary(method)
                before_s = _spent_s(endpoint)
                for _ in range(_CALLS):
                    with suppress(grpc.RpcError):
                        call(b"", metadata=shown, timeout=30)
                spent[name] = (_spent_s(endpoint) - before_s) / _CALLS * 1e6
                table.add_row(endpoint.name, name, f"{spent[name]:.0f}", f"{spent[name] / spent['health']:.2f} x")
    return table


def _channel(endpoint: KeyedEndpoint, ca_file: Path) -> grpc.Channel:
    options = [("grpc.enable_retries", 0)]
    if endpoint.url.startswith("http:"):
        return grpc.insecure_channel(endpoint.address, options)
    return grpc.secure_channel(endpoint.address, grpc.ssl_channel_credentials(ca_file.read_bytes()), options)


def _spent_s(endpoint: KeyedEndpoint) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in endpoint.processes)


if __name__ == "__main__":
    sys.exit(main())
