"""Where the server listens: addresses from the flags, and whether they are free."""

import errno
import logging
import os
import re
import socket
import stat
from pathlib import Path

from model_server import texts
from model_server.flags import Flags

_UNIX = "unix:"

_log = logging.getLogger(__name__)


def addresses(flags: Flags) -> list[str]:
    """Returns gRPC addresses: "0.0.0.0:PORT" and "unix:PATH", as far as they are asked for."""
    port, path = flags.number("port"), flags.text("grpc_socket_path")
    return [f"0.0.0.0:{port}"] * bool(port) + [f"{_UNIX}{path}"] * bool(path)


def rest_port(flags: Flags) -> int:
    """Returns the port of the REST API; 0 for none, and, as upstream, where it is the port of the gRPC API."""
    port = flags.number("rest_api_port")
    if port and port == flags.number("port"):
        _log.error(
            "--rest_api_port cannot be same as --port. Please use different port for HTTP/REST API. "
            "Skipped exporting HTTP/REST API."
        )
        return 0
    return port


def rest_socket(port: int) -> socket.socket:
    """Returns a socket that listens on all addresses, IPv6 and IPv4; IPv4 alone where there is no IPv6.

    Raises:
        ServingError: The port is taken, or is not a port.
    """
    try:
        try:
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
            return socket.create_server(("0.0.0.0", port))  # noqa: S104 - all addresses are meant
    except OSError as error:
        raise texts.address_taken(f"port {port}", os.strerror(error.errno or 0)) from error
    except OverflowError as error:
        raise texts.address_taken(f"port {port}", str(error)) from error


def check_free(address: str) -> None:
    """Finds out before the models are loaded, which takes seconds, whether the address can be had.

    Raises:
        ServingError: It is taken, or is not an address.
    """
    if address.startswith(_UNIX):
        _check_free_path(address)
        return
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        # As gRPC does: connections of a server just stopped do not count.
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


def channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    """Returns the pairs of --grpc_channel_arguments; a value that is a 32-bit integer is one.

    Raises:
        ServingError: An item is not key=value (upstream's behaviour is undefined then).
    """
    pairs: list[tuple[str, int | str]] = []
    for item in filter(None, text.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise texts.invalid_channel_argument(item)
        is_number = re.fullmatch(r"[+-]?\d+", value) and -(2**31) <= int(value) < 2**31
        pairs.append((key, int(value) if is_number else value))
    return tuple(pairs)
