"""The processes of a stack, each with its command and its environment."""

import sys
from collections.abc import Mapping

from orchestrator.app.ingress import ingress_environment
from orchestrator.app.options import (
    API_KEYS_VARIABLE,
    DEFAULT_HOST,
    GALLERY_VARIABLE,
    StackOptions,
    api_keys_file,
    gallery_uri,
)
from orchestrator.app.ports import free_ports
from orchestrator.app.ray_environment import ray_environment
from orchestrator.app.state import VERSIONS_FILE, StackState, StateFolder
from orchestrator.settings import MODEL_SERVER_TLS_VARIABLES, RAY
from orchestrator.tls_files import ServerTls

SERVE_HOST = "serve_host"
TLS_PROXY = "tls_proxy"


def part_names(state: StackState) -> list[str]:
    """Returns the supervised parts of a stack, in the order in which they start."""
    return [SERVE_HOST, TLS_PROXY] if state.has_tls else [SERVE_HOST]


def serve_host_command(state: StackState, options: StackOptions, folder: StateFolder) -> list[str]:
    """Returns the command of the process that holds Ray and Ray Serve."""
    command = [sys.executable, "-m", "orchestrator.app.serve_host"]
    command += [f"--run-dir={state.run_dir}", f"--log-dir={folder.logs}"]
    command += [f"--host={DEFAULT_HOST if state.has_tls else options.host}"]  # behind a TLS proxy only it asks
    command += [f"--port={state.ingress_port or state.port}", f"--http-port={free_ports(1)[0]}"]
    command += [f"--orchestrators={state.orchestrators}", f"--servers={state.servers}"]
    command += [f"--server-cpus={options.server_cpus}", f"--server-gpus={options.server_gpus}"]
    command += [f"--ray-address={options.ray_address}"] if options.ray_address else []
    command += [f"--model-config={state.config_file}", f"--versions={folder.path / VERSIONS_FILE}"]
    return command


def serve_host_environment(
    state: StackState, options: StackOptions, folder: StateFolder, env: Mapping[str, str]
) -> dict[str, str]:
    """Returns the environment of the serve host, which Ray's processes and the orchestrators in them inherit.

    Args:
        state: The stack.
        options: How it is started.
        folder: The stack's state folder.
        env: The starter's environment. Its FACEGRID_* settings hold, except those that the stack decides.
    """
    if options.ray_address:
        found = dict(env)  # the cluster's nodes have theirs, with the ingress that its operator chose
    else:
        found = ray_environment(env, state.run_dir) | ingress_environment(options.ingress, state.run_dir)
    found |= {
        "FACEGRID_MODEL_SERVERS": RAY,
        GALLERY_VARIABLE: gallery_uri(folder.path, env),
        API_KEYS_VARIABLE: api_keys_file(env),
        **dict.fromkeys(MODEL_SERVER_TLS_VARIABLES, ""),  # the stack's own model servers speak none
        "FACEGRID_METRICS_ADDRESS": env.get("FACEGRID_METRICS_ADDRESS") or "127.0.0.1:0",
        "FACEGRID_METRICS_TARGETS_DIR": str(folder.metrics.absolute()),
    }
    # So that servers that join are known at once; asking takes a millisecond, unlike DNS.
    found.setdefault("FACEGRID_ENDPOINT_REFRESH_S", "0.5")
    found.setdefault("MALLOC_ARENA_MAX", "2")  # glibc's heap per thread kept 30 MB more of the pictures of a replica
    return found


def tls_proxy_command(state: StackState, tls: ServerTls, env: Mapping[str, str]) -> list[str]:
    """Returns the command of the process that speaks TLS in front of the ingress.

    Args:
        state: The stack.
        tls: Certificate and key.
        env: The starter's environment, which may name a file of keys.
    """
    command = [sys.executable, "-m", "orchestrator.app.tls_proxy", f"--folder={state.run_dir / 'tls'}"]
    command += [f"--port={state.port}", f"--ingress-port={state.ingress_port}"]
    command += [f"--cert={tls.cert.absolute()}", f"--key={tls.key.absolute()}"]
    command += [f"--client-ca={tls.client_ca.absolute()}"] if tls.client_ca else []
    keys_file = api_keys_file(env)
    command += [f"--api-keys-file={keys_file}"] if keys_file else []
    return command
