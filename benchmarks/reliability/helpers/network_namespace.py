"""A network namespace behind a virtual cable that can be pulled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HOST_ADDRESS, NAMESPACE_ADDRESS = "10.213.77.1", "10.213.77.2"


@dataclass(frozen=True)
class Namespace:
    """A namespace; its servers are reached at `NAMESPACE_ADDRESS`."""

    name: str
    cable: str
    """The interface at its end."""

    def cut(self) -> None:
        """Pulls the cable: packets are lost without notice to either side."""
        _ip("-n", self.name, "link", "set", self.cable, "down")

    def mend(self) -> None:
        """Plugs it in again; for tests/predict/test_balanced_predictor.py."""
        _ip("-n", self.name, "link", "set", self.cable, "up")


def inside(name: str) -> list[str]:
    """Returns what a command starts with to run in a namespace."""
    return ["ip", "netns", "exec", name]


def namespaces_allowed() -> bool:
    """Returns whether this process may make network namespaces here."""
    name = f"facegrid{os.getpid()}try"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@contextmanager
def in_namespace() -> Iterator[Namespace]:
    """Makes a namespace for the time of the block."""
    pid = os.getpid()
    name, outside, inside = f"facegrid{pid}", f"fgo{pid}", f"fgi{pid}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        _ip("addr", "add", f"{HOST_ADDRESS}/30", "dev", outside)
        _ip("link", "set", outside, "up")
        _ip("-n", name, "addr", "add", f"{NAMESPACE_ADDRESS}/30", "dev", inside)
        _ip("-n", name, "link", "set", inside, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield Namespace(name, inside)
    finally:
        _ip("netns", "del", name)  # the cable goes with it


def _ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True)  # noqa: S607 - where it is differs by system
