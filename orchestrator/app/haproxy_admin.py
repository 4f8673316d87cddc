"""Gives a running HAProxy new certificates and new maps, over its admin socket; connections that are open stay."""

import socket
from collections.abc import Sequence
from pathlib import Path

_ANSWER_TIMEOUT_S = 5.0
_LINES_AT_ONCE = 100  # a command has to fit into HAProxy's buffer of 16 KB


class HAProxyRefused(Exception):
    """HAProxy did not accept a command; the message is HAProxy's."""


def renew(admin_socket: Path, kind: str, name: Path, pem: bytes) -> None:
    """Replaces a certificate that HAProxy has loaded; later handshakes use the new one.

    Args:
        admin_socket: HAProxy's `stats socket` with `level admin`.
        kind: `cert` for a certificate with its key, `ca-file` for authorities.
        name: The file that it was loaded from, by which HAProxy knows it.
        pem: The new content.

    Raises:
        HAProxyRefused: HAProxy did not accept it; the old one stays in use.
        OSError: HAProxy does not answer.
    """
    # The first empty line ends the content.
    content = b"\n".join(line for line in pem.splitlines() if line.strip())
    try:
        _demand(admin_socket, f"set ssl {kind} {name} <<\n".encode() + content + b"\n\n", expected="created")
        _demand(admin_socket, f"commit ssl {kind} {name}\n".encode(), expected="Success!")
    except HAProxyRefused:
        _ask(admin_socket, f"abort ssl {kind} {name}\n".encode())
        raise


def renew_map(admin_socket: Path, name: Path, lines: Sequence[bytes]) -> None:
    """Replaces a map that HAProxy has loaded, all of it at once.

    Args:
        admin_socket: HAProxy's `stats socket` with `level admin`.
        name: The file that it was loaded from, by which HAProxy knows it.
        lines: Key, blank, value.

    Raises:
        HAProxyRefused: HAProxy did not accept it; the old one stays in use.
        OSError: HAProxy does not answer.
    """
    answer = _demand(admin_socket, f"prepare map {name}\n".encode(), expected="New version created: ")
    version = int(answer.rpartition(": ")[2])
    for begin in range(0, len(lines), _LINES_AT_ONCE):
        some = b"\n".join(lines[begin : begin + _LINES_AT_ONCE])
        _demand(admin_socket, f"add map @{version} {name} <<\n".encode() + some + b"\n\n", expected="")
    _demand(admin_socket, f"commit map @{version} {name}\n".encode(), expected="")


def _demand(admin_socket: Path, command: bytes, *, expected: str) -> str:
    """Returns the answer to a command; it must contain `expected`, or be empty if that is empty."""
    answer = _ask(admin_socket, command)
    if expected not in answer or bool(expected) != bool(answer):
        raise HAProxyRefused(f"HAProxy did not accept the change: {' '.join(answer.split())[:200]}")
    return answer


def _ask(admin_socket: Path, command: bytes) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_TIMEOUT_S)
        connection.connect(str(admin_socket))
        connection.sendall(command)
        with connection.makefile(encoding="utf-8", errors="replace") as answer:
            return answer.read().strip()
