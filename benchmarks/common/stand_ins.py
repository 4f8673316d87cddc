"""Stand-in servers as processes, for the time of a block, and calls of them that are timed."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.paths import ROOT

START_TIMEOUT_S = 60.0


@contextmanager
def stand_in(
    *flags: str, port: int | None = None, host: str = "127.0.0.1", within: Sequence[str] = ()
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Runs one `benchmarks.common.stand_in_server` with these flags; gives its address and its process.

    Args:
        flags: Of the server.
        port: To listen on; None: a free one.
        host: To listen on.
        within: What the command starts with.
    """
    port = port or free_port()
    command = [*within, sys.executable, "-m", "benchmarks.common.stand_in_server", str(port), f"--host={host}", *flags]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_listening(port, host)
        yield f"{host}:{port}", process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stand_ins(*flags: tuple[str, ...]) -> Iterator[list[str]]:
    """Runs a server for each of the tuples of flags; gives their addresses."""
    with ExitStack() as stack:
        yield [stack.enter_context(stand_in(*of_one))[0] for of_one in flags]


def free_port() -> int:
    """Returns a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, address: str = "127.0.0.1") -> None:
    """Returns when something listens on a port.

    Raises:
        TimeoutError: Nothing does within a minute.
    """
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {START_TIMEOUT_S:g} s")


def crops(rows: int) -> dict[str, NDArray[np.uint16]]:
    """Returns a batch for rnet."""
    return {"crops": np.zeros((rows, 24, 24, 3), np.uint16)}
