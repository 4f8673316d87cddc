"""The files that TLS is served with: read, checked, and noticed when they are renewed."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class TlsError(Exception):
    """A file cannot be used for TLS; the message has its name and what is expected."""


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """Files in PEM form."""

    cert: Path
    """The certificate of the service, then the chain below the root, if there is one."""
    key: Path
    """Its key, unencrypted."""
    client_ca: Path | None = None
    """Authorities whose clients are admitted (mutual TLS); None: everybody is, keys aside."""

    def read(self) -> "TlsFiles":
        """Returns what the files hold.

        Raises:
            TlsError: One is absent, or is not what it should be.
        """
        try:
            certificate, key = self.cert.read_bytes(), self.key.read_bytes()
            client_ca = self.client_ca.read_bytes() if self.client_ca else None
        except OSError as err:
            raise TlsError(f"{err.filename} cannot be read: {err.strerror}") from err
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert, self.key, password="")
        except (OSError, ValueError) as err:  # ssl.SSLError is an OSError
            pair = f"{self.cert} and {self.key}"
            raise TlsError(f"{pair} are not a certificate and its key, unencrypted, in PEM form") from err
        if self.client_ca:
            try:
                context.load_verify_locations(cafile=self.client_ca)
            except OSError as err:
                raise TlsError(f"{self.client_ca} holds no certificate in PEM form") from err
        return TlsFiles(certificate, key, client_ca)

    def stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Returns what changes when a file does, a link to it included."""
        return tuple(_stamp(path) for path in (self.cert, self.key, self.client_ca) if path)


@dataclass(frozen=True)
class TlsFiles:
    """Content of the files."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
