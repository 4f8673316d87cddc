"""The files that TLS needs: read, checked, and noticed when they are renewed."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class TlsError(Exception):
    """A file cannot be used for TLS; the message has its name and what is expected."""


def read_authorities(path: Path) -> bytes:
    """Returns the certificates of authorities in a PEM file.

    Raises:
        TlsError: The file cannot be read, or holds no certificate.
    """
    data = _read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as err:  # ssl.SSLError is one
        raise TlsError(f"{path} holds no certificate in PEM form") from err
    return data


def read_key_pair(cert: Path, key: Path) -> tuple[bytes, bytes]:
    """Returns a certificate with its chain, and its key, of two PEM files.

    Raises:
        TlsError: One cannot be read, the key is encrypted, or they do not belong together.
    """
    data = _read(cert), _read(key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as err:
        raise TlsError(f"{cert} and {key} are not a certificate and its key, unencrypted, in PEM form") from err
    return data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise TlsError(f"{path} cannot be read: {err.strerror}") from err


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """Files in PEM form with which the service speaks TLS."""

    cert: Path
    """The certificate of the service, then the chain below the root, if there is one."""
    key: Path
    """Its key, unencrypted."""
    client_ca: Path | None = None
    """Authorities whose clients are admitted (mutual TLS); None: clients need no certificate."""

    def read(self) -> "TlsFiles":
        """Returns the content of the files.

        Raises:
            TlsError: A file is absent, or is not what it should be.
        """
        certificate, key = read_key_pair(self.cert, self.key)
        return TlsFiles(certificate, key, read_authorities(self.client_ca) if self.client_ca else None)

    def stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Returns what changes when a file does, or a link to it."""
        return tuple(_stamp(path) for path in (self.cert, self.key, self.client_ca) if path)


@dataclass(frozen=True)
class TlsFiles:
    """Content of the files of `ServerTls`."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
