"""Gives a running HAProxy new certificates, over its admin socket; connections that are open stay."""

import socket
from pathlib import Path

_ANSWER_TIMEOUT_S = 5.0


class HAProxyRefused(Exception):
    """HAProxy did not take it; the message is its own."""


def renew(admin_socket: Path, kind: str, name: Path, pem: bytes) -> None:
    """Replaces what HAProxy has loaded; handshakes from now on are with the new one.

    Args:
        admin_socket: HAProxy's `stats socket` with `level admin`.
        kind: `cert` for a certificate with its key, `ca-file` for authorities.
        name: The file that it was loaded from, by which HAProxy knows it.
        pem: The new content.

    Raises:
        HAProxyRefused: It is not taken, and the old one stays.
        OSError: HAProxy does not answer.
    """
    # The first empty line ends the content.
    content = b"\n".join(line for line in pem.splitlines() if line.strip())
    try:
        _ask(admin_socket, f"set ssl {kind} {name} <<\n".encode() + content + b"\n\n", expected="created")
        _ask(admin_socket, f"commit ssl {kind} {name}\n".encode(), expected="Success!")
    except HAProxyRefused:
        _ask(admin_socket, f"abort ssl {kind} {name}\n".encode(), expected="")
        raise


def _ask(admin_socket: Path, command: bytes, *, expected: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_TIMEOUT_S)
        connection.connect(str(admin_socket))
        connection.sendall(command)
        with connection.makefile(encoding="utf-8", errors="replace") as answer:
            text = answer.read()
    if expected not in text:
        raise HAProxyRefused(f"HAProxy does not take the new certificate: {' '.join(text.split())[:200]}")
