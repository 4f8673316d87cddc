"""How a client gets in: the API key that it shows, and the TLS that keeps it, and all else, from others' eyes."""

import os
import re
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc

from facegrid.client.channel import CHANNEL_OPTIONS
from facegrid.client.tls import Tls
from facegrid.errors import InvalidOption

TlsChoice = bool | Tls | None

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,512}")
_THIS_MACHINE = re.compile(
    r"(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+|(unix|unix-abstract):.*|ipv4:127\..*|ipv6:\[::1\].*"
)
_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Access:
    """The key and the TLS of one client. Neither shows in its repr.

    Args:
        target: What is connected to.
        api_key: The key, or None.
        tls: True or `Tls`: encrypted. False: not, and that is meant. None: not, and a key stays on this machine.

    Raises:
        InvalidOption: The key is none, or would travel in the clear; a file is absent or holds something else.
    """

    def __init__(self, target: str, api_key: str | None, tls: TlsChoice) -> None:
        if api_key is not None and not _PRINTABLE.fullmatch(api_key):
            raise InvalidOption("the API key is empty, or has a space or other characters that no key has")
        if api_key is not None and tls is None and not _THIS_MACHINE.fullmatch(target):
            raise InvalidOption(
                f"the API key would travel to {target} for all to read: ask for TLS (tls=True, or --tls), "
                "or say that the network is trusted (tls=False, or --no-tls)"
            )
        self._metadata: tuple[tuple[str, str], ...] = ()
        if api_key is not None:
            self._metadata = (("authorization", f"Bearer {api_key}"),)
        self._credentials = _credentials(tls if isinstance(tls, Tls) else Tls()) if tls else None
        self._options: tuple[tuple[str, str], ...] = ()
        if isinstance(tls, Tls) and tls.server_name:
            self._options = (("grpc.ssl_target_name_override", tls.server_name),)

    def channel(self, module: Any, target: str, options: Sequence[tuple[str, Any]] = CHANNEL_OPTIONS) -> Any:
        """Returns a channel to the target of `grpc` or `grpc.aio`."""
        options = (*options, *self._options)
        if self._credentials is None:
            return module.insecure_channel(target, options=options)
        return module.secure_channel(target, self._credentials, options=options)

    def authorized(self, stub: Any) -> Any:
        """Returns the stub with the key sent along in each call."""
        return _Authorized(stub, self._metadata) if self._metadata else stub


class _Authorized:
    """A stub whose methods send metadata; made of closures, which show nothing of it."""

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
    """Raises InvalidOption for what gRPC would only find out, and not explain, when it connects."""
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
    """Returns the authorities that this system trusts; None leaves it to gRPC, which brings its own.

    gRPC's do not know the authority that a company has installed on its machines.
    """
    if os.environ.get("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        return None
    paths = ssl.get_default_verify_paths()
    for file in (os.environ.get(paths.openssl_cafile_env), paths.cafile, *_SYSTEM_BUNDLES):
        if file and Path(file).is_file():
            return Path(file).read_bytes()
    return None
