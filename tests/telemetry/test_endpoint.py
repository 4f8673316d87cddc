"""Where metrics are served, and how they are found."""

import json
import os
import subprocess
import sys
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.telemetry.endpoint import MetricsEndpoint, read_targets
from orchestrator.telemetry.metrics import Metrics


def endpoint(address="127.0.0.1:0", targets_dir=None):
    return MetricsEndpoint(Metrics().registry, address, targets_dir)


def test_the_page_is_prometheus_text_and_the_announcement_its_form_of_targets(tmp_path):
    served = endpoint(targets_dir=tmp_path / "metrics")
    served.start()
    (file,) = (tmp_path / "metrics").glob("orchestrator-*.json")
    (group,) = json.loads(file.read_text())
    assert group == {"targets": [served.target], "labels": {"component": "orchestrator", "pid": str(os.getpid())}}
    with urlopen(f"http://{served.target}/metrics", timeout=10) as answer:
        names = {family.name for family in text_string_to_metric_families(answer.read().decode())}
    assert {"facegrid_requests", "facegrid_build_info", "process_resident_memory_bytes"} <= names
    served.close()
    assert not file.exists()
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://{group['targets'][0]}/metrics", timeout=10)


def test_of_a_range_the_first_port_that_is_free_is_taken():
    first = endpoint()
    first.start()
    port = int(first.target.rpartition(":")[2])
    second = endpoint(f"127.0.0.1:{port}-{min(port + 20, 65535)}")
    second.start()
    assert port < int(second.target.rpartition(":")[2]) <= port + 20
    with pytest.raises(OSError, match="in use"):
        endpoint(f"127.0.0.1:{port}").start()
    first.close()
    second.close()


def test_a_process_that_ended_without_a_word_is_swept_by_the_next(tmp_path):
    code = (
        "import os, pathlib, sys; from prometheus_client import CollectorRegistry;"
        "from orchestrator.telemetry.endpoint import MetricsEndpoint as E;"
        "E(CollectorRegistry(), '127.0.0.1:0', pathlib.Path(sys.argv[1])).start(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=60)
    assert len(read_targets(tmp_path)) == 1
    served = endpoint(targets_dir=tmp_path)
    served.start()
    assert [target.pid for target in read_targets(tmp_path)] == [os.getpid()]
    served.close()


def test_a_file_that_is_none_of_ours_is_passed_over(tmp_path):
    (tmp_path / "orchestrator-1.json").write_text("[]")
    (tmp_path / "orchestrator-2.json").write_text("{")
    (tmp_path / "model_servers.json").write_text('[{"targets": ["a:1"]}]')
    assert read_targets(tmp_path) == []
    assert read_targets(tmp_path / "absent") == []
