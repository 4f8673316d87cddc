"""How connections to model servers are secured: TLS, and mutual TLS where the orchestrator has a certificate.

gRPC reads a client's certificates once, when the channel is made: after a renewal, restart the
orchestrator before the old certificate expires (its replicas are replaced one by one).
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc


class CredentialsError(Exception):
    """A file cannot be used; the message says which, and what was expected."""


@dataclass(frozen=True, kw_only=True)
class ModelServerTls:
    """What TLS with the model servers needs.

    Args:
        ca: Certificates, in PEM form, of the authorities that sign the model servers'.
        cert: The orchestrator's own certificate, where they ask for one; None: it shows none.
        key: Its key, unencrypted; goes with `cert`.
        server_name: The name in the model servers' certificates, where they are called by number, as replicas behind
            a headless Service are; empty: that of the address.
    """

    ca: Path
    cert: Path | None = None
    key: Path | None = None
    server_name: str = ""

    def check(self) -> None:
        """Looks at the files.

        Raises:
            CredentialsError: One is absent, or is not what it should be.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=self.ca)
        except OSError as err:  # ssl.SSLError is one
            raise CredentialsError(f"{self.ca} cannot be read, or holds no certificate in PEM form") from err
        if self.cert is None and self.key is None:
            return
        if self.cert is None or self.key is None:
            raise CredentialsError("a certificate and its key go together, and one of them is missing")
        try:
            context.load_cert_chain(self.cert, self.key, password="")
        except (OSError, ValueError) as err:
            pair = f"{self.cert} and {self.key}"
            raise CredentialsError(f"{pair} are not a certificate and its key, unencrypted, in PEM form") from err


def open_channel(
    address: str, options: Sequence[tuple[str, int | str]], tls: ModelServerTls | None
) -> grpc.aio.Channel:
    """Returns a channel to a model server, encrypted where there is `tls`; nothing is sent yet.

    Raises:
        OSError: A file of `tls` cannot be read.
    """
    if tls is None:
        return grpc.aio.insecure_channel(address, options=list(options))
    credentials = grpc.ssl_channel_credentials(
        tls.ca.read_bytes(),
        tls.key.read_bytes() if tls.key else None,
        tls.cert.read_bytes() if tls.cert else None,
    )
    named = [("grpc.ssl_target_name_override", tls.server_name)] if tls.server_name else []
    return grpc.aio.secure_channel(address, credentials, options=[*options, *named])
