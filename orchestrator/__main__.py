"""Starts the plain host: python -m orchestrator --address 127.0.0.1:9000."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import grpc

from orchestrator.api.build import build
from orchestrator.api.grpc_host import CannotListen, GrpcHost
from orchestrator.api.server_tls import server_credentials
from orchestrator.keys.file import KeysError
from orchestrator.keys.guard import Guard, open_guard
from orchestrator.settings import Settings, SettingsError
from orchestrator.telemetry.logs import log_to_stderr
from orchestrator.tls_files import ServerTls, TlsError


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator",
        description="Serves facegrid.v1.FaceService from one process, without Ray. Settings: docs/configuration.md.",
        epilog="example: FACEGRID_MODEL_SERVERS=127.0.0.1:8500 python -m orchestrator --address 127.0.0.1:9000 "
        "--tls-cert tls.crt --tls-key tls.key",
    )
    parser.add_argument("--address", default="127.0.0.1:9000", help="HOST:PORT to listen on (default: %(default)s)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="speak TLS with this certificate (PEM)")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key")
    parser.add_argument("--tls-client-ca", type=Path, metavar="FILE", help="admit clients of these authorities only")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        settings = Settings.from_environment()
        log_to_stderr(settings.log_format, settings.log_level)
        guard = open_guard(settings.api_keys_file)
        credentials = _credentials(args)
        asyncio.run(_serve(settings, args.address, guard, credentials))
    except (SettingsError, KeysError, TlsError) as err:
        print(err, file=sys.stderr)  # noqa: T201 - a command line's answer
        return 2
    except CannotListen as err:
        print(f"{err}; choose another with --address", file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def _credentials(args: argparse.Namespace) -> grpc.ServerCredentials | None:
    if args.tls_cert is None and args.tls_key is None and args.tls_client_ca is None:
        return None
    if args.tls_cert is None or args.tls_key is None:
        raise TlsError("TLS needs a certificate and its key: give --tls-cert and --tls-key")
    return server_credentials(ServerTls(cert=args.tls_cert, key=args.tls_key, client_ca=args.tls_client_ca))


async def _serve(settings: Settings, address: str, guard: Guard, credentials: grpc.ServerCredentials | None) -> None:
    host = GrpcHost(build(settings), address, guard=guard, credentials=credentials)
    port = await host.start()
    logging.getLogger("orchestrator").info("serving on port %d", port)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await host.close()


if __name__ == "__main__":
    sys.exit(main())
