"""TLS of the plain host, with certificates that may be renewed while it runs."""

import logging
from typing import Any

import grpc

from orchestrator.tls_files import ServerTls, TlsError, TlsFiles

_log = logging.getLogger(__name__)


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Returns credentials that follow the files: handshakes after a renewal use the new ones.

    Renewed files that cannot be used are logged, and the old ones stay in use.

    Raises:
        TlsError: The files cannot be used now.
    """
    renewal = _Renewal(tls)
    fetch: Any = renewal.fetch  # the stubs do not say that it may return None
    return grpc.dynamic_ssl_server_credentials(
        renewal.first, fetch, require_client_authentication=tls.client_ca is not None
    )


class _Renewal:
    """Reads the files again when they have changed; gRPC asks at each handshake, one at a time."""

    def __init__(self, tls: ServerTls) -> None:
        self._tls = tls
        self._stamp = tls.stamp()
        self.first = _configuration(tls.read())

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Returns the new certificate, or None if nothing has changed."""
        stamp = self._tls.stamp()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            files = self._tls.read()
        except TlsError as err:
            _log.error("%s; the certificate read before stays in use", err)
            return None
        _log.info("read a new certificate from %s", self._tls.cert)
        return _configuration(files)


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(files.key, files.certificate)], files.client_ca)
