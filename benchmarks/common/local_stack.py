"""The local stack for the time of a block, what it runs, and traffic on it through our client."""

import asyncio
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

import facegrid
from benchmarks.common.paths import SAMPLES
from facegrid.errors import FacegridError
from orchestrator.app.down import down
from orchestrator.app.host_files import ask_host, read_serve_status
from orchestrator.app.options import StackOptions, default_ingress
from orchestrator.app.ports import free_ports
from orchestrator.app.processes import members
from orchestrator.app.state import StackState
from orchestrator.app.supervision.folder import PartsFolder
from orchestrator.app.up import up
from orchestrator.fleet.sizes import Size

PICTURE = SAMPLES / "grace_hopper.jpg"
_ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class LocalStack:
    """A local stack that is up."""

    state: StackState
    state_dir: Path
    """Its folder, with `logs` in it."""
    start_s: float
    """Time from the start until everything answered."""

    @property
    def parts(self) -> PartsFolder:
        """What supervised processes there are."""
        return PartsFolder(self.state_dir / "parts")

    def servers(self) -> list[dict[str, Any]]:
        """Returns the records of the model servers (`orchestrator.fleet.records.ServerRecord`)."""
        status = read_serve_status(self.state.run_dir, timeout_s=_ANSWER_TIMEOUT_S)
        return status["servers"] if status else []

    def running(self, deployment: str) -> int:
        """Returns the replicas of a deployment that run."""
        status = read_serve_status(self.state.run_dir, timeout_s=_ANSWER_TIMEOUT_S)
        return int(status["deployments"][deployment]["replicas"].get("RUNNING", 0)) if status else 0

    def change(self, **question: Any) -> dict[str, Any]:
        """Changes a version and returns the answer (`orchestrator.app.rollout.Rollout.do`)."""
        return ask_host(self.state.run_dir, question, timeout_s=600) or {"error": "no answer", "advice": ""}

    def processes(self, name: str) -> list[int]:
        """Returns the ids of the processes of Ray whose title contains `name`."""
        found = [process for record in self.parts.records() for process in members(record)]
        return [process.pid for process in found if name in "".join(process.cmdline())]


@contextmanager
def local_stack(
    models_dir: Path, servers: str = "", *, orchestrators: str = "1", **options: Any
) -> Iterator[LocalStack]:
    """Starts a stack and stops it after the block.

    Args:
        models_dir: What `facegrid export` wrote.
        servers: Model servers that Ray runs; empty: one server with every network, without Ray.
        orchestrators: Processes of the orchestrator, such as `2` or `1-3`.
        options: Of `orchestrator.app.options.StackOptions`.
    """
    low, _, high = orchestrators.partition("-")
    with tempfile.TemporaryDirectory(prefix="fg") as folder:
        asked = StackOptions(
            port=free_ports(1)[0],
            models_dir=models_dir,
            servers=servers,
            orchestrators=Size(int(low), int(high or low)),
            **{"ingress": default_ingress(), "timeout_s": 300.0, **options},
        )
        begin_s = time.monotonic()
        state = up(asked, Path(folder), lambda _step, _seconds: None, os.environ)
        try:
            yield LocalStack(state, Path(folder), time.monotonic() - begin_s)
        finally:
            down(Path(folder))


@dataclass
class ClientTraffic:
    """Callers that each wait for their answer; the client retries what may be retried."""

    address: str
    callers: int
    """Number of callers; lowering it during the block stops some."""
    picture: bytes = field(default_factory=PICTURE.read_bytes)
    pause_s: float = 0.0
    """Between an answer and the next call of the same caller."""
    answers: list[tuple[float, float]] = field(default_factory=list)
    """When each answer came, by `time.monotonic`, and how long it took."""
    errors: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def times_ms(self, from_s: float, to_s: float) -> np.ndarray[Any, Any]:
        """Returns the times of the answers that came between two moments."""
        return np.array([seconds * 1000 for at_s, seconds in list(self.answers) if from_s <= at_s < to_s] or [np.nan])

    def longest_pause_s(self, from_s: float, to_s: float) -> float:
        """Returns the longest time without any answer."""
        moments = [from_s, *(at_s for at_s, _ in list(self.answers) if from_s <= at_s < to_s), to_s]
        return float(np.max(np.diff(moments)))

    async def _run(self) -> None:
        async with facegrid.connect_async(self.address) as client:
            await asyncio.gather(*(self._call(client, number) for number in range(self.callers)))

    async def _call(self, client: facegrid.AsyncClient, number: int) -> None:
        while not self._stop.is_set() and number < self.callers:
            begin_s = time.monotonic()
            try:
                await self.ask(client)
            except FacegridError as err:
                self.errors[f"{type(err).__name__}: {err.message[:100]}"] += 1
                await asyncio.sleep(0.05)
            else:
                now_s = time.monotonic()
                self.answers.append((now_s, now_s - begin_s))
            await asyncio.sleep(self.pause_s)

    async def ask(self, client: facegrid.AsyncClient) -> None:
        """Makes one call."""
        await client.detect(self.picture)
