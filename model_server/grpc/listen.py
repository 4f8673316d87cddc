"""Where the gRPC server listens: addresses from the flags, and whether they are free."""

import socket
import stat
from pathlib import Path

from model_server.flags import Flags
from model_server.grpc import texts

_UNIX = "unix:"


def addresses(flags: Flags) -> list[str]:
    """Returns the gRPC addresses that the flags name: "0.0.0.0:PORT" and "unix:PATH"."""
    port, path = flags.number("port"), flags.text("grpc_socket_path")
    return [f"0.0.0.0:{port}"] * bool(port) + [f"{_UNIX}{path}"] * bool(path)


def check_free(address: str) -> None:
    """Checks whether an address is free, before the models are loaded, which takes seconds.

    Raises:
        ServingError: It is taken, or is not an address.
    """
    if address.startswith(_UNIX):
        _check_free_path(address)
        return
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        # As gRPC does: connections of a server that has just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except (OSError, OverflowError) as error:
            raise texts.address_taken(address, getattr(error, "strerror", None) or str(error)) from error


def _check_free_path(address: str) -> None:
    path = Path(address.removeprefix(_UNIX))
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise texts.address_taken(address, "a file that is not a socket is in its place")
    if not path.parent.is_dir():
        raise texts.address_taken(address, f"{path.parent} is not a folder")
