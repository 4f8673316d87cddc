"""The API key that a client sends, and the TLS that protects the connection."""

import os
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from facegrid.client.channel import CHANNEL_OPTIONS
from facegrid.errors import InvalidOption

ChannelOptions = Sequence[tuple[str, str | int]]


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Which authorities a client trusts, and the certificate that it presents. All are files in PEM form."""

    ca_file: str | PathLike[str] | None = None
    """Certificates of the authorities that may have signed the service's; None: those that this system trusts."""
    cert_file: str | PathLike[str] | None = None
    """The client's own certificate, where the service asks for one (mutual TLS); with the chain, if there is one."""
    key_file: str | PathLike[str] | None = None
    """The key of `cert_file`, unencrypted."""
    server_name: str | None = None
    """The name in the service's certificate, where it is not that of the target, as through a tunnel."""


TlsChoice = bool | Tls | None

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,512}")
_THIS_MACHINE = re.compile(
    r"(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+|(unix|unix-abstract):.*|ipv4:127\..*|ipv6:\[::1\].*"
)
_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Credentials:
    """The API key and the TLS of one client. The repr shows neither.

    Args:
        target: The service's address.
        api_key: The key, or None.
        tls: True or `Tls`: encrypted. False: not encrypted. None: not encrypted, and a key stays on this machine.

    Raises:
        InvalidOption: the key is malformed, or would be sent unencrypted; a file is absent or holds something else.
    """

    def __init__(self, target: str, api_key: str | None, tls: TlsChoice) -> None:
        if api_key is not None and not _PRINTABLE.fullmatch(api_key):
            raise InvalidOption("the API key is empty, too long, or has a space or another character that no key has")
        if api_key is not None and tls is None and not _THIS_MACHINE.fullmatch(target):
            raise InvalidOption(
                f"the API key would travel to {target} for all to read: ask for TLS (tls=True, or --tls), "
                "or declare the network trusted (tls=False, or --no-tls)"
            )
        self._metadata: tuple[tuple[str, str], ...] = ()
        if api_key is not None:
            self._metadata = (("authorization", f"Bearer {api_key}"),)
        self._credentials = _credentials(tls if isinstance(tls, Tls) else Tls()) if tls else None
        self._options: tuple[tuple[str, str], ...] = ()
        if isinstance(tls, Tls) and tls.server_name:
            self._options = (("grpc.ssl_target_name_override", tls.server_name),)

    def channel(self, target: str, options: ChannelOptions = CHANNEL_OPTIONS) -> grpc.Channel:
        """Returns a channel to the target, for threads."""
        options = (*options, *self._options)
        if self._credentials is None:
            return grpc.insecure_channel(target, options)
        return grpc.secure_channel(target, self._credentials, options)

    def async_channel(self, target: str, options: ChannelOptions = CHANNEL_OPTIONS) -> grpc.aio.Channel:
        """Returns a channel to the target, for the running event loop."""
        options = (*options, *self._options)
        if self._credentials is None:
            return grpc.aio.insecure_channel(target, options)
        return grpc.aio.secure_channel(target, self._credentials, options)

    def authorized(self, stub: Any) -> Any:
        """Returns the stub, with methods that send the key."""
        return _AuthorizedStub(stub, self._metadata) if self._metadata else stub


class _AuthorizedStub:
    """A stub whose methods send metadata. They are closures, whose repr does not show it."""

    def __init__(self, stub: Any, metadata: tuple[tuple[str, str], ...]) -> None:
        for name, method in vars(stub).items():
            setattr(self, name, _with_metadata(method, metadata))


def _with_metadata(method: Callable[..., Any], access: tuple[tuple[str, str], ...]) -> Callable[..., Any]:
    def call(*args: Any, metadata: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> Any:
        return method(*args, metadata=(*access, *metadata), **kwargs)

    return call


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    if (tls.cert_file is None) != (tls.key_file is None):
        raise InvalidOption("a client's certificate needs its key: give cert_file and key_file, or neither")
    roots = _read("ca_file", tls.ca_file) if tls.ca_file else _system_roots()
    key = _read("key_file", tls.key_file) if tls.key_file else None
    certificate = _read("cert_file", tls.cert_file) if tls.cert_file else None
    _check(tls)
    return grpc.ssl_channel_credentials(roots, key, certificate)


def _check(tls: Tls) -> None:
    """Raises InvalidOption for files that gRPC would only refuse when it connects, without a reason."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file:
        try:
            context.load_verify_locations(cafile=tls.ca_file)
        except ssl.SSLError as err:
            raise InvalidOption(f"{os.fspath(tls.ca_file)} holds no certificate in PEM form") from err
    if tls.cert_file and tls.key_file:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")
        except (ssl.SSLError, ValueError) as err:
            pair = f"{os.fspath(tls.cert_file)} and {os.fspath(tls.key_file)}"
            raise InvalidOption(f"{pair} are not a certificate and its key, unencrypted, in PEM form") from err


def _read(option: str, path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as err:
        raise InvalidOption(f"{option} {os.fspath(path)} cannot be read: {err.strerror}") from err


def _system_roots() -> bytes | None:
    """Returns the authorities that this system trusts; None stands for gRPC's own list.

    That list lacks the authority that a company has installed on its machines.
    """
    if os.environ.get("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        return None
    paths = ssl.get_default_verify_paths()
    for file in (os.environ.get(paths.openssl_cafile_env), paths.cafile, *_SYSTEM_BUNDLES):
        if file and Path(file).is_file():
            return Path(file).read_bytes()
    return None
