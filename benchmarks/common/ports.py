"""Ports of this machine."""

import socket
import time

START_TIMEOUT_S = 60.0


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nothing listens on."""
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
