"""How `facegrid status` shows what the replicas do."""

import io
import json
import time
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from facegrid.answers.faces import Health
from facegrid.cli.main import main
from orchestrator.app.metrics_page import ReplicaMetrics, parse_page
from orchestrator.app.state import StackState
from orchestrator.app.status import ProcessStatus, StackStatus
from orchestrator.cli.status_tables import StatusSnapshot, as_json, since_start, view
from orchestrator.fleet.model_server import ModelVersion
from orchestrator.telemetry.endpoint import Target
from tests.support.metrics_pages import busy_replica, page


@pytest.fixture
def metrics():
    return busy_replica()


def status(*replicas):
    pid = psutil.Process().pid
    return StackStatus(
        state=StackState(
            run_dir=Path("/run"), port=9000, ingress="python", orchestrators="2", servers="1",
            models_dir=Path("models"),
            started_at_s=time.time() - 100,
        ),
        serving=True,
        health=Health.SERVING,
        models=[ModelVersion("embedder", 2, "AVAILABLE", "")],
        serve={"application": "RUNNING", "message": "", "deployments": {}},
        processes=[ProcessStatus("serve_host", pid, True, 3, "RUNNING", 0, "", None, 100.0, 100.0)],
        replicas=list(replicas),
    )  # fmt: skip


def shown(renderable):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_replicas_load_versions_and_errors_are_shown(metrics):
    answering = ReplicaMetrics(Target("127.0.0.1:7001", 11), page(metrics))
    now = status(answering, ReplicaMetrics(Target("127.0.0.1:7002", 12), None))
    text = shown(view(now, since_start(now)))
    (replica,) = [line for line in text.splitlines() if line.startswith("11 ")]
    assert "10 OVERLOADED" in replica
    (silent,) = [line for line in text.splitlines() if line.startswith("12 ")]
    assert "no answer" in silent
    versions = [line for line in text.splitlines() if "a:1" in line]
    assert len(versions) == 3
    assert "20.0" in versions[1]
    assert "40.0" in versions[2]


def test_between_two_readings_only_what_happened_counts(metrics):
    target = Target("127.0.0.1:7001", 11)
    earlier = StatusSnapshot(status(ReplicaMetrics(target, page(metrics))), at_s=100.0)
    metrics.requests.labels("Detect", "OK").inc(30)
    load = StatusSnapshot(status(ReplicaMetrics(target, page(metrics))), at_s=102.0).since(earlier)
    ((_, _, work),) = load.replicas
    assert (work.requests_per_s, work.errors_per_s, work.errors) == (15.0, 0.0, {})
    assert load.period == "last 2 s"


def test_programs_get_the_address_of_each_replicas_metrics(metrics):
    found = json.loads(json.dumps(as_json(status(ReplicaMetrics(Target("127.0.0.1:7001", 11), page(metrics))))))
    (replica,) = found["replicas"]
    assert (replica["pid"], replica["metrics"]) == (11, "http://127.0.0.1:7001/metrics")
    assert replica["load"]["in_progress"] == 4
    assert {one["version"] for one in found["model_calls"]} == {"", "1", "2"}


def test_a_watch_goes_on_until_it_is_interrupted(monkeypatch, capsys):
    asked = []

    def one_status(folder):
        asked.append(folder)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return status(ReplicaMetrics(Target("127.0.0.1:7001", 11), parse_page("")))

    monkeypatch.setattr("orchestrator.cli.status.stack_status", one_status)
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["status", "--watch", "--interval-s", "0.01", "--state-dir", "nowhere"]) == 0
    assert len(asked) == 4
    assert "11       127.0.0.1:7001" in capsys.readouterr().out


def test_a_watch_of_nothing_says_so(monkeypatch, tmp_path, capsys):
    assert main(["status", "--watch", "--state-dir", str(tmp_path)]) == 3
    assert "not running" in capsys.readouterr().out


def test_status_loads_no_ray():
    import subprocess
    import sys

    code = "import sys, orchestrator.cli.status; print('ray' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize("other", ["--json"])
def test_watch_and_other_forms_exclude_each_other(facegrid, other):
    assert facegrid("status", "--watch", other).code == 2
