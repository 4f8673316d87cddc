"""Where a process serves its metrics, and how Prometheus finds it.

Each process has its own port, so that several on a machine or in a pod can be scraped. It announces itself with a file
in a folder that Prometheus watches (file_sd_configs) and `facegrid status` reads.
"""

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from orchestrator.atomic_file import replace_file
from orchestrator.settings import METRICS_ADDRESS

_PREFIX = "orchestrator-"
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - its meaning for a scraper on this machine


@dataclass(frozen=True)
class Target:
    """Where a process serves its metrics."""

    address: str
    """HOST:PORT."""
    pid: int


def read_targets(targets_dir: Path) -> list[Target]:
    """Returns the targets that processes have announced in this folder; some may have been killed since."""
    found = []
    for file in targets_dir.glob(f"{_PREFIX}*.json"):
        try:
            (entry,) = json.loads(file.read_text(encoding="utf-8"))
            found.append(Target(entry["targets"][0], int(entry["labels"]["pid"])))
        except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError):
            continue  # the process has just ended, or the file is not one of ours
    return sorted(found, key=lambda target: target.pid)


class MetricsEndpoint:
    """Serves a registry over HTTP.

    Args:
        registry: The metrics.
        address: See `orchestrator.settings.METRICS_ADDRESS`.
        targets_dir: Where to announce it; None: nowhere.
    """

    def __init__(self, registry: CollectorRegistry, address: str, targets_dir: Path | None) -> None:
        match = METRICS_ADDRESS.fullmatch(address)
        if match is None:
            raise ValueError(f"{address!r} is not HOST:PORT or HOST:FIRST-LAST")
        self._host = match["host"]
        self._ports = range(int(match["first"]), int(match["last"] or match["first"]) + 1)
        self._registry = registry
        self._announcement = None if targets_dir is None else targets_dir / f"{_PREFIX}{os.getpid()}.json"
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def target(self) -> str:
        """HOST:PORT where a scraper on this machine finds it, once started."""
        assert self._server is not None  # noqa: S101
        return f"{_ANY_HOST.get(self._host, self._host)}:{self._server.server_port}"

    def start(self) -> None:
        """Listens, and announces the address.

        Raises:
            OSError: None of the ports is free, or the host is not this machine.
        """
        self._server, self._thread = self._listen()
        if self._announcement is not None:
            _announce(self._announcement, self.target)

    def close(self) -> None:
        """Removes the announcement and stops listening."""
        if self._announcement is not None:
            self._announcement.unlink(missing_ok=True)
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def _listen(self) -> tuple[WSGIServer, threading.Thread]:
        for port in self._ports:
            try:
                return start_http_server(port, self._host.strip("[]"), self._registry)
            except OSError:
                if port == self._ports[-1]:
                    raise
        raise ValueError(f"{self._ports} has no port")


def _announce(file: Path, target: str) -> None:
    """Writes the file, and removes those of processes that were killed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for other in read_targets(file.parent):
        if not _runs(other.pid):
            (file.parent / f"{_PREFIX}{other.pid}.json").unlink(missing_ok=True)
    labels = {"component": "orchestrator", "pid": str(os.getpid())}
    content = json.dumps([{"targets": [target], "labels": labels}]) + "\n"
    replace_file(file, content.encode(), durable=False)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
