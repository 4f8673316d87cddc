"""Where the REST API listens: the port from the flags, and its socket."""

import errno
import logging
import os
import socket

from model_server.flags import Flags
from model_server.rest import texts

_log = logging.getLogger(__name__)


def rest_port(flags: Flags) -> int:
    """Returns the port of the REST API, or 0 for none. As upstream, the port of the gRPC API counts as none."""
    port = flags.number("rest_api_port")
    if port and port == flags.number("port"):
        _log.error(
            "--rest_api_port cannot be same as --port. Please use different port for HTTP/REST API. "
            "Skipped exporting HTTP/REST API."
        )
        return 0
    return port


def rest_socket(port: int) -> socket.socket:
    """Returns a socket that listens on all addresses, IPv6 and IPv4; on IPv4 alone where the machine lacks IPv6.

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
        raise texts.port_taken(port, os.strerror(error.errno or 0)) from error
    except OverflowError as error:
        raise texts.port_taken(port, str(error)) from error
