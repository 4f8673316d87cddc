"""Starts the plain host: python -m orchestrator --address 127.0.0.1:9000."""

import argparse
import asyncio
import logging
import signal
import sys

from orchestrator.api.face_service import build
from orchestrator.api.grpc_host import GrpcHost
from orchestrator.settings import Settings, SettingsError
from orchestrator.telemetry.logs import log_to_stderr


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator",
        description="Serves facegrid.v1.FaceService from one process, without Ray. Settings: docs/configuration.md.",
        epilog="example: FACEGRID_MODEL_SERVERS=127.0.0.1:8500 python -m orchestrator --address 127.0.0.1:9000",
    )
    parser.add_argument("--address", default="127.0.0.1:9000", help="HOST:PORT to listen on (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        settings = Settings.from_environment()
    except SettingsError as err:
        print(err, file=sys.stderr)  # noqa: T201 - a command line's answer
        return 2
    log_to_stderr(settings.log_format, settings.log_level)
    asyncio.run(_serve(settings, args.address))
    return 0


async def _serve(settings: Settings, address: str) -> None:
    host = GrpcHost(build(settings), address)
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
