"""TCP ports of this machine: finds free ones, and names the process that has a taken one."""

import itertools
import random
import socket

import psutil

from orchestrator.app.errors import StackError

_OWN_PORTS = range(30_000, 32_768)
"""Below the ports that systems give to outgoing connections, which could take one before a server listens on it; above
those of Ray's workers and of replicas (ingress.py)."""

_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Returns `count` free ports, chosen at random; no port is returned twice.

    Raises:
        StackError: Too few are left.
    """
    shuffled = random.sample(_OWN_PORTS, len(_OWN_PORTS))
    found = list(itertools.islice((port for port in shuffled if port not in _given and _is_free(port)), count))
    if len(found) < count:
        raise StackError(
            f"of the ports {_OWN_PORTS.start} to {_OWN_PORTS.stop - 1} {len(found)} are free, {count} are needed",
            "stop what listens there",
        )
    _given.update(found)
    return found


def free_block(first: int, last: int, size: int) -> range:
    """Returns `size` free ports in a row, chosen at random; they are free on every interface.

    Args:
        first: The first block begins here, and another one every `size` ports.
        last: Greatest port of a block.
        size: At least 1.

    Raises:
        StackError: Every block has a port that is taken.
    """
    starts = list(range(first, last - size + 2, size))
    random.shuffle(starts)  # stacks that start at the same moment should not both take the first
    for start in starts:
        block = range(start, start + size)
        if all(map(_is_free, block)):
            return block
    raise StackError(f"there are no {size} free ports in a row from {first} to {last}", "stop what listens there")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:  # without SO_REUSEPORT, so that a server that shares its port is noticed
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - never listens
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Returns whether a process accepts connections at a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(port: int) -> None:
    """Checks that the service can listen on `port`.

    Raises:
        StackError: It cannot; the message names the process that has the port, if that is visible.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - never listens
        except PermissionError as err:
            raise StackError(f"port {port} needs the rights of root", "choose one above 1023 with --port") from err
        except OSError as err:
            raise StackError(
                f"port {port} is taken{_by_whom(port)}", "stop that, or choose another port with --port"
            ) from err


def _by_whom(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.AccessDenied, PermissionError):
        return ""  # macOS shows other processes' sockets to root only
    for connection in connections:
        if (
            connection.laddr
            and connection.laddr.port == port
            and connection.status == psutil.CONN_LISTEN
            and connection.pid
        ):
            try:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.Error:
                return f" by process {connection.pid}"
    return ""
