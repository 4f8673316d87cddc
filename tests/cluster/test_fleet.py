"""Model servers on Ray are replaced when they die, and versions change under traffic; no call fails."""

import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import facegrid
from exporters.signatures import CONTRACTS
from facegrid.errors import FacegridError
from orchestrator.app.host_files import ask_host
from orchestrator.app.metrics_page import read_replicas
from orchestrator.app.ports import free_ports
from orchestrator.app.processes import members
from orchestrator.app.state import StateFolder
from tests.cluster.stack import commands
from tests.support.polling import eventually

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]

TIMEOUT_S = 150.0
"""Time until a server has been replaced, on a loaded machine."""


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class FleetStack:
    def __init__(self, folder: Path, models_dir: Path, command: Callable) -> None:
        self.command = command
        self.state_dir = folder / "state"
        self.models_dir = folder / "models"
        shutil.copytree(models_dir, self.models_dir)
        self.port = free_ports(1)[0]

    def run(self, *args: object):
        return self.command(*args, "--state-dir", self.state_dir)

    @property
    def state(self):
        return StateFolder(self.state_dir).load()

    def servers(self) -> list[dict]:
        answers: list[dict] = []

        def answered() -> bool:
            """The host does not answer while Ray's head service is held up."""
            answers.append(ask_host(self.state.run_dir, {}, timeout_s=10))
            return answers[-1] is not None

        eventually(answered, "the host answers", TIMEOUT_S)
        return answers[-1]["servers"]

    def whole(self) -> bool:
        return len([one for one in self.servers() if runs(one["pid"])]) == 2

    def known(self) -> bool:
        """Returns whether an orchestrator has had an answer from every server; it looks for new ones periodically."""
        pages = [one.page for one in read_replicas(StateFolder(self.state_dir).metrics, timeout_s=10)]
        addresses = {one["address"] for one in self.servers()}
        return bool(addresses) and any(
            addresses <= {endpoint for (_, _, endpoint), code in page.calls if code == "OK"}
            for page in pages
            if page is not None
        )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, exported_models: Path, command: Callable) -> Iterator[FleetStack]:
    fleet = FleetStack(tmp_path_factory.mktemp("fleet"), exported_models, command)
    where = ("--port", fleet.port, "--models-dir", fleet.models_dir, "--timeout-s", 170)
    try:
        started = fleet.run("up", *where, "--replicas", 2, "--orchestrators", "1-2")
        assert started.returncode == 0, started.stderr
        yield fleet
        processes = [one for record in StateFolder(fleet.state_dir).parts.records() for one in members(record)]
        assert any("model_server" in command for command in commands(processes).values())
    finally:
        stopped = fleet.run("down")
    assert stopped.returncode == 0, stopped.stderr
    assert [process for process in processes if process.is_running()] == []


@pytest.fixture
def traffic(fleet: FleetStack, picture: bytes) -> Iterator[list[object]]:
    """Calls without a pause; the result of each: the number of faces, or the error."""
    outcomes: list[object] = []
    stopping = threading.Event()

    def call() -> None:
        with facegrid.connect(f"127.0.0.1:{fleet.port}") as client:
            while not stopping.is_set():
                try:
                    outcomes.append(len(client.detect(picture)))
                except FacegridError as err:
                    outcomes.append(err)

    thread = threading.Thread(target=call)
    thread.start()
    yield outcomes
    try:
        eventually(lambda: len(outcomes) > 3, "four calls are answered", TIMEOUT_S)
    finally:
        stopping.set()
        thread.join()
    assert len(set(outcomes)) == 1, outcomes


def test_two_servers_have_every_network(fleet: FleetStack) -> None:
    servers = fleet.servers()
    assert len({one["address"] for one in servers}) == 2
    for one in servers:
        assert one["versions"] == {model: [1] for model in CONTRACTS}

    # A part that is held up for seconds is shown as one that does not answer.
    def both_shown() -> bool:
        status = fleet.run("status")
        return status.returncode == 0 and len(re.findall(r"^model server ", status.stdout, re.MULTILINE)) == 2

    eventually(both_shown, "status shows both servers", TIMEOUT_S)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_processes_for_more_replicas_have_imported_what_these_need(fleet: FleetStack) -> None:
    def imported() -> bool:
        processes = [one for record in StateFolder(fleet.state_dir).parts.records() for one in members(record)]
        spare = [one.pid for one, command in commands(processes).items() if "ray::IDLE" in command]
        with suppress(OSError):  # one has ended since it was listed
            return any("cv2" in Path(f"/proc/{pid}/maps").read_text() for pid in spare)
        return False

    eventually(imported, "a spare process has OpenCV", TIMEOUT_S)


@pytest.mark.parametrize("what", ["pid", "replica_pid"])
def test_a_server_that_is_killed_is_replaced_and_no_call_fails(
    fleet: FleetStack, traffic: list[object], what: str
) -> None:
    # So that a server which has just come is called too.
    eventually(lambda: len(traffic) > 8 and fleet.known(), "both servers are called", TIMEOUT_S)
    victim = fleet.servers()[0]
    os.kill(victim[what], signal.SIGKILL)
    # Whichever was killed, the other ends too: no server is left without its replica.
    eventually(lambda: not (runs(victim["pid"]) or runs(victim["replica_pid"])), "both processes end", TIMEOUT_S)

    def replaced() -> bool:
        return fleet.whole() and victim["id"] not in {one["id"] for one in fleet.servers()}

    eventually(replaced, "another server is in its place", TIMEOUT_S)


def test_versions_change_under_traffic(fleet: FleetStack, traffic: list[object]) -> None:
    shutil.copytree(fleet.models_dir / "rnet" / "1", fleet.models_dir / "rnet" / "2")
    assert "no version of rnet is on trial" in fleet.run("promote", "rnet").stderr
    tried = fleet.run("rollout", "rnet", "--version", 2, "--canary", "50%")
    assert tried.returncode == 0, tried.stderr
    assert all(one["versions"]["rnet"] == [2, 1] for one in fleet.servers())
    refused = fleet.run("promote", "rnet", "--least-calls", 1_000_000)
    assert refused.returncode == 1
    assert "at least 1000000 are needed" in refused.stderr
    assert fleet.run("rollback", "rnet").returncode == 0
    assert all(one["versions"]["rnet"] == [1] for one in fleet.servers())
    assert fleet.run("rollout", "rnet", "--version", 2, "--canary", "100%").returncode == 0
    promoted = fleet.run("promote", "rnet", "--force")
    assert promoted.returncode == 0, promoted.stderr
    assert all(one["versions"]["rnet"] == [2] for one in fleet.servers())


@pytest.mark.parametrize(
    ("model", "version", "said"), [("rnet", 9, "without rnet 9"), ("embedder", 9, "no embedder 9"), ("x", 1, "'x'")]
)
def test_a_missing_version_changes_nothing(
    fleet: FleetStack, traffic: list[object], model: str, version: int, said: str
) -> None:
    refused = fleet.run("rollout", model, "--version", version)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "no version" in fleet.run("rollback", model).stderr or model == "x"
