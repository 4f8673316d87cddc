"""The state folder: the processes that run, their addresses and their logs. `up` writes it, `down` reads it."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.app.errors import StackError
from orchestrator.app.supervision.folder import PartsFolder
from orchestrator.atomic_file import replace_file

_FORMAT = 3
_STATE_FILE = "stack.json"
_LOCK_FILE = "lock"
VERSIONS_FILE = "versions.json"
"""The stable version of each network, after rollouts, for the next `up`."""
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
"""Paths that need no quoting in HAProxy's configuration and in Ray's settings."""
_LONGEST_RUN_DIR = 36
"""Ray adds 66 characters for a session's sockets, where the system allows 107, or 61 for HAProxy's, which allows 97."""


@dataclass(frozen=True, kw_only=True)
class StackState:
    """One stack, with the processes started so far."""

    run_dir: Path
    """Sockets, the rendered model configuration and Ray's session; removed by `down`."""
    port: int
    """Where the service answers gRPC."""
    ingress: str
    orchestrators: str
    """Number of processes, or range."""
    servers: str
    """Model servers, such as `1` or `pnet=2,embedder=1-3`."""
    models_dir: Path
    started_at_s: float
    """Seconds since the epoch."""
    ingress_port: int = 0
    """Where Ray Serve's ingress answers on this machine, behind the TLS proxy; 0: at `port`, there is no proxy."""

    @property
    def has_tls(self) -> bool:
        """Whether a client must speak TLS."""
        return self.ingress_port != 0

    @property
    def ingress_address(self) -> str:
        """Where the ingress answers without TLS, for calls from this machine."""
        return f"127.0.0.1:{self.ingress_port or self.port}"

    @property
    def address(self) -> str:
        """Where a client on this machine connects."""
        return f"127.0.0.1:{self.port}"

    @property
    def config_file(self) -> Path:
        """The ModelServerConfig that its model servers read."""
        return self.run_dir / "models.config"


class StateFolder:
    """The folder of one stack; two folders are two stacks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def logs(self) -> Path:
        """Where every process writes its output; kept until the next `up`."""
        return self.parts.logs

    @property
    def parts(self) -> PartsFolder:
        """The files about the supervised processes."""
        return PartsFolder(self.path / "parts")

    @property
    def metrics(self) -> Path:
        """Where every replica of the orchestrator announces its metrics, to Prometheus and `facegrid status`."""
        return self.path / "metrics"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder against another `up` or `down`; the lock ends with its process, even a killed one.

        Raises:
            StackError: Another one is at work, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self.path / _LOCK_FILE, timeout=0)
            lock.acquire()
        except Timeout as err:
            raise StackError(
                f"another facegrid up or down is at work in {self.path}", "wait until it has ended"
            ) from err
        except OSError as err:
            raise StackError(
                f"cannot write to the state folder {self.path}: {err}", "choose one with --state-dir"
            ) from err
        try:
            yield
        finally:
            lock.release()

    def load(self) -> StackState | None:
        """Returns what `save` wrote, or None if nothing was started.

        Raises:
            StackError: The file is not one of ours.
        """
        file = self.path / _STATE_FILE
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as err:
            raise _unreadable(file) from err
        try:
            if fields.pop("format") != _FORMAT:
                raise _unreadable(file)
            for name in ("run_dir", "models_dir"):
                fields[name] = Path(fields[name])
            return StackState(**fields)
        except (AttributeError, KeyError, TypeError) as err:
            raise _unreadable(file) from err

    def save(self, state: StackState) -> None:
        """Writes the state; a reader finds the old one or the new one."""
        text = json.dumps({"format": _FORMAT, **asdict(state)}, default=str, indent=2)
        replace_file(self.path / _STATE_FILE, text.encode() + b"\n", durable=False)

    def clear(self, state: StackState) -> None:
        """Removes the run folder and the state file of a stack that has ended; the logs stay."""
        shutil.rmtree(state.run_dir, ignore_errors=True)
        shutil.rmtree(self.metrics, ignore_errors=True)
        shutil.rmtree(self.parts.path, ignore_errors=True)
        (self.path / _STATE_FILE).unlink(missing_ok=True)

    def make_run_dir(self, env: Mapping[str, str]) -> Path:
        """Returns a new empty folder that only this user can enter, with a path that Ray and HAProxy can use.

        That is `run` in this folder, if the path is short and plain enough. Else it is a folder in $RUNTIME_DIRECTORY,
        which systemd gives to a service and keeps as long as it runs, or else in /tmp. $XDG_RUNTIME_DIR will not do:
        it is removed when the user logs out, and a stack stays.
        """
        inside = self.path / "run"
        if _fits(inside):
            shutil.rmtree(inside, ignore_errors=True)
            inside.mkdir(mode=0o700)
            return inside
        given = Path(env.get("RUNTIME_DIRECTORY", "").partition(":")[0] or "/nowhere")
        if given.is_dir() and _fits(given / "facegrid-12345678"):
            return Path(tempfile.mkdtemp(prefix="facegrid-", dir=given))
        # The temporary folder of macOS is itself too long.
        base = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp makes a private folder in it
        return Path(tempfile.mkdtemp(prefix="facegrid-", dir=base))


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST_RUN_DIR and _PLAIN.fullmatch(str(path)) is not None


def _unreadable(file: Path) -> StackError:
    return StackError(
        f"{file} was not written by this version of facegrid",
        f"stop that stack with the version that started it, or remove {file}",
    )
