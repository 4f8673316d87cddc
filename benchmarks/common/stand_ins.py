"""Stand-in servers as processes, for the time of a block."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.paths import ROOT
from benchmarks.common.ports import free_port, wait_until_listening


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


def crops(rows: int) -> dict[str, NDArray[np.uint16]]:
    """Returns a batch for rnet."""
    return {"crops": np.zeros((rows, 24, 24, 3), np.uint16)}
