"""`facegrid up --foreground` as systemd runs it: it says when it is ready, survives kills, and ends on SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import facegrid
from facegrid.errors import FacegridError
from orchestrator.app.down import lost_processes
from orchestrator.app.ports import free_ports
from orchestrator.app.state import StateFolder
from orchestrator.app.supervision import supervisord
from tests.support.paths import SAMPLES
from tests.support.polling import eventually

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]


def test_it_says_when_it_is_ready_survives_a_kill_and_ends_on_sigterm(exported_models: Path, tmp_path: Path) -> None:
    state_dir, port = tmp_path / "state", free_ports(1)[0]
    command = [sys.executable, "-m", "facegrid.cli.main", "up", "--foreground", "--port", str(port)]
    command += ["--state-dir", str(state_dir), "--models-dir", str(exported_models)]
    log = tmp_path / "stderr"
    # The sockets of systemd are shorter than pytest's folders.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, log.open("wb") as stderr:
        notified.bind("\0facegrid-test-" + str(port))
        notified.settimeout(200)
        env = os.environ | {"NOTIFY_SOCKET": "@facegrid-test-" + str(port)}
        with subprocess.Popen(command, stderr=stderr, env=env) as process:
            try:
                assert notified.recv(100) == b"READY=1"
                assert found(port)
                parts = StateFolder(state_dir).parts
                first = supervisord.running(parts)
                os.kill(first.pid, signal.SIGKILL)
                eventually(lambda: supervisord.running(parts) not in {None, first}, "restart", 60)
                eventually(lambda: found(port), "the service answers again", 120)
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=100) == 0
            finally:
                process.kill()
    assert lost_processes(state_dir) == []
    assert StateFolder(state_dir).load() is None
    text = log.read_text()
    assert "supervisor: " in text  # the logs of the parts are here
    assert "Traceback" not in text


def found(port: int) -> bool:
    try:
        with facegrid.connect(f"127.0.0.1:{port}") as client:
            return len(client.detect(SAMPLES / "grace_hopper.jpg")) == 1
    except FacegridError:
        return False
