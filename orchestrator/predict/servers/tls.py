"""How connections to model servers are secured: TLS, and mutual TLS where the orchestrator has a certificate.

gRPC reads a client's certificates once, when the channel is made: after a renewal, restart the
orchestrator before the old certificate expires (its replicas are replaced one by one).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from orchestrator.tls_files import TlsError, read_authorities, read_key_pair


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
            TlsError: A file is absent, or is not what it should be.
        """
        read_authorities(self.ca)
        if self.cert and self.key:
            read_key_pair(self.cert, self.key)
        elif self.cert or self.key:
            raise TlsError("a certificate and its key go together, and one of them is missing")


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
