"""`python -m model_server`: checks flags and files, loads the models, and only then opens a port."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from queue import SimpleQueue

from model_server.errors import ServingError
from model_server.files.batching_parameters import configured_batching
from model_server.files.model_config import ConfiguredModel, configured_models
from model_server.files.monitoring_config import configured_metrics_path
from model_server.flag_checks import check_flags
from model_server.flags import FlagError, Flags, parse_flags, usage
from model_server.grpc.listen import addresses, check_free
from model_server.grpc.tls import configured_credentials
from model_server.metrics.server_metrics import ServerMetrics
from model_server.rest.listen import rest_port, rest_socket
from model_server.run.memory import freeze_startup
from model_server.run.short_import import shorten_import
from model_server.versions.config_file_poller import ConfigFilePoller
from model_server.versions.manager import VersionManager

EXIT_FAILED_START = 255
"""What upstream's exit(-1) becomes."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger("model_server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--help" in arguments:
        sys.stdout.write(usage() + "\n")
        return 0
    try:
        flags = parse_flags(arguments)
    except FlagError as error:
        sys.stdout.write(f"{error}\n{usage()}\n")
        return EXIT_FAILED_START
    if flags.is_set("version"):
        sys.stdout.write(f"TensorFlow ModelServer: facegrid {_version('facegrid')}\n")
        sys.stdout.write(f"TensorFlow Library: {_version('tensorflow')}\n")
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s")
    # TensorFlow's Python side logs deprecations, and every model without variables.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # gRPC logs a traceback for every message that cannot be parsed; the caller gets the status anyway.
    logging.getLogger("grpc._common").setLevel(logging.CRITICAL)
    try:
        _serve(flags)
    except ServingError as error:
        sys.stdout.write(f"Failed to start server. Error: {error}\n")
        return EXIT_FAILED_START
    return 0


def _serve(flags: Flags) -> None:
    stop = _stop_signals()

    check_flags(flags)
    models = configured_models(flags)
    batching = configured_batching(flags)
    credentials = configured_credentials(flags)
    metrics_path = configured_metrics_path(flags)
    for address in addresses(flags):
        check_free(address)
    port = rest_port(flags)
    if port:
        rest_socket(port).close()

    # Users of a server do not need TensorFlow's own messages below errors; set the variable to see them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    importing_s = time.monotonic()
    shorten_import()
    from model_server.assembly import (  # noqa: PLC0415 - loads TensorFlow: seconds
        make_manager,
        make_rest_server,
        make_server,
        make_services,
    )

    freeze_startup()
    _log.info("TensorFlow was imported in %.2f s", time.monotonic() - importing_s)
    metrics = ServerMetrics()
    manager = make_manager(flags, batching, metrics)
    if not _wait_for_models(manager, models, stop):
        _log.info("stopped before the models were available")
        return

    services = make_services(flags, manager, metrics)
    rest = make_rest_server(flags, services, manager, metrics, metrics_path)
    if port:
        rest.start(rest_socket(port))
        _log.info("Exporting HTTP/REST API at:localhost:%d ...", port)
    server = make_server(flags, services, metrics)
    for address in addresses(flags):
        server.listen(address, credentials)
    server.start()
    _log.info("Running gRPC ModelServer at %s ...", ", ".join(addresses(flags)))
    period_s = flags.number("model_config_file_poll_wait_seconds")
    if flags.text("model_config_file") and period_s > 0:
        ConfigFilePoller(manager, flags.text("model_config_file"), period_s).start()
    stop.get()
    _log.info("stopping: calls under way get %d s, a second signal ends them", flags.number("drain_timeout_seconds"))
    due_s = time.monotonic() + flags.number("drain_timeout_seconds")
    rest.stop()
    server.drain(flags.number("drain_timeout_seconds"))
    rest.wait(due_s - time.monotonic())
    manager.close()
    _log.info("stopped")


def _stop_signals() -> "SimpleQueue[int]":
    """Returns a queue that receives the first signal to stop; the second ends the process at once.

    Not an Event: to set one in a handler blocks forever if the signal came while the same thread was entering its
    `wait`. `SimpleQueue.put` is safe at any point.
    """
    received: SimpleQueue[int] = SimpleQueue()

    def put(number: int, _: object) -> None:
        received.put(number)
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    for each in STOP_SIGNALS:
        signal.signal(each, put)
    return received


def _wait_for_models(
    manager: VersionManager, models: Mapping[str, ConfiguredModel] | None, stop: "SimpleQueue[int]"
) -> bool:
    """Returns whether the models are available; False if a signal to stop came first.

    Raises:
        ServingError: A model cannot be loaded.
    """
    failure: list[ServingError] = []
    started = threading.Event()

    def start() -> None:
        try:
            manager.start(models)
        except ServingError as error:
            failure.append(error)
        finally:
            started.set()

    # In a thread of its own, so that a signal is noticed during the load.
    threading.Thread(target=start, name="start", daemon=True).start()
    while not started.wait(0.1):
        if not stop.empty():
            return False
    if failure:
        raise failure[0]
    return True


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: it waits for the threads of TensorFlow and of loads, or they crash in the teardown.
    os._exit(code)
