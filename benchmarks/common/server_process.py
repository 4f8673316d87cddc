"""An embedded model server as a process, for the time of a block."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from benchmarks.common.ports import free_port

START_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    process: "subprocess.Popen[bytes]"
    channel: grpc.Channel
    started_in_s: float
    """From the start of the process to the first connection, which comes after the load."""


@contextmanager
def model_server(*flags: str, log: Path) -> Iterator[RunningServer]:
    """Starts a server with these flags on a free port; stops it with SIGTERM, and checks that it exits with 0.

    Raises:
        RuntimeError: It does not start, or does not end with 0; `log` says why.
    """
    port = free_port()
    started_s = time.perf_counter()
    with log.open("wb") as out:
        command = [sys.executable, "-m", "model_server", f"--port={port}", *flags]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    # Without a pool of its own, every channel of this process would share one connection.
    pool = ("grpc.use_local_subchannel_pool", 1)
    options = [pool, ("grpc.max_receive_message_length", -1), ("grpc.max_reconnect_backoff_ms", 50)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    try:
        _wait_until_ready(channel, process, log)
        yield RunningServer(process, channel, time.perf_counter() - started_s)
    finally:
        channel.close()
        process.send_signal(signal.SIGTERM)
        code = process.wait(START_TIMEOUT_S)
    if code != 0:
        raise RuntimeError(f"the model server ended with {code}; its log:\n{log.read_text()}")


def _wait_until_ready(channel: grpc.Channel, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ready = grpc.channel_ready_future(channel)
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            ready.result(timeout=0.1)
        except grpc.FutureTimeoutError:
            if process.poll() is not None or time.monotonic() > deadline_s:
                ready.cancel()
                raise RuntimeError(f"no model server; its log:\n{log.read_text()}") from None
        else:
            return
