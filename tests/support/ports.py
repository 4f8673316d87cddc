"""Free ports on 127.0.0.1."""

import socket


def free_port() -> int:
    """Returns a port that is free now; another process may take it before the caller does (see `held_port`)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def held_port() -> socket.socket:
    """Returns a socket that reserves a free port, its `getsockname()[1]`, until it is closed.

    While it is open, the system gives the port to no other process that asks for a free one. A server that is given
    the port by number can listen on it nevertheless, because it sets SO_REUSEADDR as this socket does.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder
