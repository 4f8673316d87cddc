"""What the client needs to know of TLS: whom it trusts, and how it shows who it is."""

from dataclasses import dataclass
from os import PathLike


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files in PEM form; those left out are not needed in the usual case."""

    ca_file: str | PathLike[str] | None = None
    """Certificates of the authorities that may have signed the service's; None: those that this system trusts."""
    cert_file: str | PathLike[str] | None = None
    """The client's own certificate, where the service asks for one (mutual TLS); with the chain, if there is one."""
    key_file: str | PathLike[str] | None = None
    """The key of `cert_file`, unencrypted."""
    server_name: str | None = None
    """The name in the service's certificate, where it is not that of the target, as through a tunnel."""
