"""The processes of `benchmarks.speed.keys`: services that require API keys, and the proxies before them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.common.server_process import model_server
from orchestrator.app.options import SERVING_CONFIG
from orchestrator.app.ports import free_ports
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.keys.entry import KeyEntry, digest, new_key
from orchestrator.keys.file import dump_keys


def write_keys(folder: Path, count: int) -> tuple[Path, str]:
    """Returns a file with so many keys, and one of them."""
    file = folder / "keys.json"
    made = [new_key() for _ in range(count)]
    entries = [KeyEntry(id=one, name="bench", sha256=digest(key), scopes=frozenset({"detect"})) for one, key in made]
    file.write_bytes(dump_keys({entry.id: entry for entry in entries}))
    return file, made[-1][1]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Returns the files of a certificate for 127.0.0.1, signed by itself, and of its key."""
    cert, key = folder / "tls.crt", folder / "tls.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


@contextmanager
def models(models_dir: Path, folder: Path) -> Iterator[str]:
    """Gives the address of a model server."""
    config = folder / "models.config"
    write_model_config(local_model_config(read_model_config(SERVING_CONFIG), models_dir), config)
    socket = folder / "models.sock"
    flags = (f"--model_config_file={config}", f"--grpc_socket_path={socket}")
    with model_server(*flags, log=folder / "model_server.log"):
        yield f"unix:{socket}"


@contextmanager
def service(model_servers: str, keys_file: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Gives the port of a service on the plain host, and its process."""
    (port,) = free_ports(1)
    env = {**os.environ, "FACEGRID_MODEL_SERVERS": model_servers, "FACEGRID_API_KEYS_FILE": str(keys_file)}
    with _running([sys.executable, "-m", "orchestrator", "--address", f"127.0.0.1:{port}"], env) as process:
        yield port, process


@contextmanager
def proxy(folder: Path, tls: tuple[Path, Path], keys_file: Path, behind: int) -> Iterator[tuple[int, psutil.Process]]:
    """Gives the port of the TLS proxy of `facegrid up` before a service, and the process of its HAProxy."""
    (port,) = free_ports(1)
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-m", "orchestrator.app.tls_proxy", f"--folder={folder}", f"--port={port}"]
    command += [f"--ingress-port={behind}", f"--cert={tls[0]}", f"--key={tls[1]}", f"--api-keys-file={keys_file}"]
    with _running(command, dict(os.environ)) as process:
        while not (found := process.children()):
            if not process.is_running():
                raise RuntimeError("the proxy ended")
        yield port, found[0]


@contextmanager
def _running(command: list[str], env: dict[str, str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
