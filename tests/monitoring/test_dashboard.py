"""Dashboard and rules against a real Prometheus that scrapes a real run: plain host, model server, pictures."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from itertools import cycle
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

import facegrid
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.telemetry.metrics import Metrics
from tests.model_server.helpers.process import ServerProcess
from tests.support.paths import REPOSITORY
from tests.support.polling import eventually
from tests.support.ports import free_port
from tests.telemetry.processes import HostProcess

MONITORING = REPOSITORY / "serving_configs" / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
SELDOM = ("facegrid_model_retries_total", "facegrid_model_hedges_total", "facegrid_model_ejections_total")
"""Counted when one of several servers fails, which none does here: the queries must be valid and may be empty."""

QUICK = {"min_face_px": 60}
"""Options that leave most of the pyramid out."""

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="there is no prometheus binary (Debian: apt-get install prometheus)"
)


class Prometheus:
    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path, **parameters):
        with urlopen(f"http://{self._address}/api/v1/{path}?{urlencode(parameters)}", timeout=60) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def is_up(self) -> bool:
        with suppress(OSError):
            return len(self.query('up{job="facegrid"} == 1')) == 1 and len(self.query("up == 1")) == 2
        return False


class Callers:
    """Threads that detect, identify, stream and fail until they are stopped; counts the answers."""

    def __init__(self, address, samples) -> None:
        self._address = address
        self._picture = samples / "grace_hopper.jpg"
        self._stop = threading.Event()
        self.detected = 0
        # On any machine some of these end between decoding and the embedder: some calls of models are cut off.
        self._timeouts_s = cycle(2.0**power / 1000 for power in range(3, 11))
        self._threads = [threading.Thread(target=self._work, args=(one,)) for one in (self._detect, self._others)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def _work(self, once) -> None:
        with facegrid.connect(self._address) as client:
            while not self._stop.is_set():
                once(client)

    def _detect(self, client) -> None:
        client.detect(self._picture, timeout_s=90, **QUICK)
        self.detected += 1

    def _others(self, client) -> None:
        client.identify(self._picture, timeout_s=90, **QUICK)
        list(client.detect_many([self._picture, b"no picture"], timeout_s=90, **QUICK))
        with suppress(facegrid.InvalidImage):
            client.detect(b"no picture")
        with suppress(facegrid.DeadlineExceeded, facegrid.Overloaded):
            client.embed(self._picture, timeout_s=next(self._timeouts_s), **QUICK)


@pytest.fixture(scope="module")
def monitored(exported_models, samples, tmp_path_factory):
    """A Prometheus and the callers whose calls it counts."""
    folder = tmp_path_factory.mktemp("monitored")
    targets = folder / "metrics"
    shipped = read_model_config(REPOSITORY / "serving_configs" / "models.config")
    write_model_config(local_model_config(shipped, exported_models), folder / "models.config")
    flags = (
        f"--model_config_file={folder / 'models.config'}",
        f"--monitoring_config_file={MONITORING}/monitoring.config",
    )
    variables = {
        "FACEGRID_GALLERY": str(folder / "gallery"),
        "FACEGRID_METRICS_ADDRESS": "127.0.0.1:0",
        "FACEGRID_METRICS_TARGETS_DIR": str(targets),
    }
    with ServerProcess(folder, *flags, with_rest=True) as server:
        server.wait_until_ready()
        with HostProcess(folder, f"127.0.0.1:{server.port}", **variables) as host:
            (targets / "model_servers.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{server.rest_port}"]}]))
            callers = Callers(host.address, samples)
            with running_prometheus(folder) as prometheus:
                eventually(prometheus.is_up, "Prometheus scrapes the host and the model server")
                yield prometheus, callers
            callers.stop()


class running_prometheus:  # noqa: N801
    def __init__(self, folder) -> None:
        self._folder = folder

    def __enter__(self):
        address = f"127.0.0.1:{free_port()}"
        environment = {
            **os.environ,
            "FACEGRID_STATE_DIR": str(self._folder),
            "MONITORING_DIR": str(self._folder / "prometheus"),
            "MONITORING_ADDRESS": address,
        }
        with (self._folder / "prometheus.log").open("w") as log:
            command = [REPOSITORY / "scripts" / "monitoring.sh"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        return Prometheus(address)

    def __exit__(self, *exception):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_every_panel_shows_series(monitored, title, expression):
    prometheus, _ = monitored
    asked = expression.replace("$__rate_interval", "60s").replace("$job", ".*")
    assert "$" not in asked
    if any(name in expression for name in SELDOM):
        prometheus.query(asked)  # raises if it is not valid
        return

    def shows() -> bool:
        result = prometheus.query(asked)
        return bool(result) and all(series["value"][1] != "NaN" for series in result)

    eventually(shows, f"series for {title!r}")


def test_prometheus_has_counted_what_the_callers_were_answered(monitored):
    prometheus, callers = monitored
    callers.stop()

    def counted() -> float:
        # Of the last scrape that succeeded: a series ends when a scrape fails.
        metric = 'facegrid_requests_total{method="Detect", code="OK"}'
        found = prometheus.query(f"sum(last_over_time({metric}[5m]))")
        return float(found[0]["value"][1]) if found else 0.0

    eventually(lambda: counted() >= callers.detected, "the last call is scraped")
    assert counted() == callers.detected > 0


def test_every_rule_is_evaluated_without_error(monitored):
    prometheus, _ = monitored

    def rules():
        return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]

    eventually(lambda: rules() and all(rule["health"] != "unknown" for rule in rules()), "the rules are evaluated")
    assert {rule["health"] for rule in rules()} == {"ok"}
    assert all(rule["annotations"]["summary"] for rule in rules())


def test_every_metric_of_a_panel_or_rule_is_one_of_ours():
    known = {sample.removesuffix("_bucket") for sample in _names(Metrics())}
    text = (MONITORING / "rules.yml").read_text() + "".join(expression for _, expression in EXPRESSIONS)
    for name in re.findall(r"facegrid_\w+", text):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in known, name


def _names(metrics):
    for metric in metrics.registry.collect():
        yield metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")
