"""The autoscalers ask Prometheus the right question: a real one, over real servers under a load that is known."""

import json
import math
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import yaml

from exporters.signatures import TILE_PX
from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from orchestrator.app.ports import free_ports
from orchestrator.predict.servers.tensors import encode_tensor
from tests.manifests.rendered import NETWORKS, Doc, combination, named, of_kind, overlay
from tests.manifests.run_here import ModelServer, grpc_probe
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(600)

WINDOW_S = 15
CALLERS = 7


class Prometheus:
    """Scrapes servers as the component `monitoring` has it done, but every second."""

    def __init__(self, folder: Path, servers: dict[str, ModelServer]) -> None:
        (self.port,) = free_ports(1)
        binary = shutil.which("prometheus")
        if binary is None:
            pytest.skip("there is no prometheus: apt-get install prometheus")
        docs = combination(("monitoring",))
        (endpoint,) = named(docs, "PodMonitor", "model-servers")["spec"]["podMetricsEndpoints"]
        jobs = [
            {
                "job_name": name,
                "metrics_path": endpoint["path"],
                "static_configs": [
                    {
                        "targets": [f"127.0.0.1:{server.rest_port}"],
                        "labels": {"namespace": "facegrid", "container": "model-server"},
                    }
                ],
            }
            for name, server in servers.items()
        ]
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._command = [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        self._command += [f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"]

    @contextmanager
    def running(self) -> Iterator["Prometheus"]:
        process = subprocess.Popen(self._command)
        try:
            yield self
        finally:
            process.terminate()
            process.wait(30)

    def ask(self, query: str) -> list[float]:
        """The values of an instant query; an error of the query fails the test."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as err:
            with err:
                if err.code != 503:  # it is starting
                    raise AssertionError(f"{query}: {err.read().decode()}") from err
            return []
        except OSError:
            return []
        return [float(one["value"][1]) for one in answer["data"]["result"]]


def triggers(docs: list[Doc], name: str) -> list[Doc]:
    return [one["metadata"] for one in named(docs, "ScaledObject", name)["spec"]["triggers"]]


def query_of(name: str) -> str:
    """The first question of a network's autoscaler, over a shorter time."""
    query = triggers(combination(("autoscaling-keda",)), name)[0]["query"]
    assert query.count("[1m]") == 1
    return query.replace("[1m]", f"[{WINDOW_S}s]")


def desired_replicas(docs: list[Doc], name: str, values: list[list[float]]) -> int | None:
    """The arithmetic of KEDA and the HPA it makes: the most that any trigger asks for, within the bounds.

    None: a question without an answer, for which there is the fallback.
    """
    spec = named(docs, "ScaledObject", name)["spec"]
    wanted = []
    for trigger, answer in zip(spec["triggers"], values, strict=False):
        assert trigger["metricType"] == "AverageValue"
        assert len(answer) <= 1, "KEDA refuses more than one series"
        if not answer:
            assert trigger["metadata"]["ignoreNullValues"] == "false"
            return None
        wanted.append(math.ceil(answer[0] / float(trigger["metadata"]["threshold"])))
    return min(max(*wanted, spec["minReplicaCount"]), spec["maxReplicaCount"])


@contextmanager
def load(server: ModelServer) -> Iterator[None]:
    """`CALLERS` callers, each of which calls again as soon as it is answered: as many requests are in flight."""
    request = PredictRequest()
    request.model_spec.name = "pnet"
    tiles = np.zeros((4, TILE_PX, TILE_PX, 3), np.uint16)
    request.inputs["tiles"].CopyFrom(encode_tensor(tiles))
    data, over = request.SerializeToString(), threading.Event()

    def call(channel: grpc.Channel) -> None:
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        while not over.is_set():
            predict(data, timeout=60)

    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        callers = [threading.Thread(target=call, args=(channel,)) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            over.set()
            for caller in callers:
                caller.join(60)


def test_a_loaded_network_gets_replicas_an_idle_one_keeps_its_own_and_a_lost_one_falls_back(packed, tmp_path):
    docs, keda = overlay("cpu"), combination(("autoscaling-keda",))
    pnet, rnet = (ModelServer(docs, name, packed, tmp_path) for name in ("pnet", "rnet"))

    def as_expected() -> bool:
        busy, idle = (prometheus.ask(query_of(name)) for name in ("pnet", "rnet"))
        # Little's law against the count of callers; what they spend outside the server is missing.
        return (
            len(busy) == 1
            and CALLERS * 0.75 < busy[0] <= CALLERS * 1.1
            and desired_replicas(keda, "pnet", [busy]) == math.ceil(CALLERS / 2) == 4
            and idle == [0.0]
            and desired_replicas(keda, "rnet", [idle]) == 1
        )

    with Prometheus(tmp_path, {"pnet": pnet, "rnet": rnet}).running() as prometheus, pnet.running():
        with rnet.running():
            eventually(lambda: grpc_probe(pnet.port) and grpc_probe(rnet.port), "the servers", 300)
            with load(pnet):
                covered = f'count_over_time(up{{job="pnet"}}[{WINDOW_S}s]) and up{{job="pnet"}} == 1'
                began = f'sum({{__name__=":tensorflow:serving:request_latency_count"}} offset {WINDOW_S + 3}s) > 0'
                eventually(lambda: prometheus.ask(covered) and prometheus.ask(began), "a window of load")
                # Who stands still for seconds, caller, server or Prometheus, moves the mean of one window.
                eventually(as_expected, "the callers, all of them and no more, are in flight to pnet alone")
        eventually(lambda: prometheus.ask('up{job="rnet"}') == [0.0], "rnet is missed")
        assert prometheus.ask(query_of("rnet")) == []
        assert desired_replicas(keda, "rnet", [[]]) is None


@pytest.mark.parametrize(("in_flight", "replicas"), [(0.0, 1), (2.0, 1), (2.1, 2), (8.0, 4), (1000.0, 8)])
def test_replicas_follow_from_requests_in_flight(in_flight, replicas):
    assert desired_replicas(combination(("autoscaling-keda",)), "pnet", [[in_flight], [0.0]]) == replicas
    assert desired_replicas(combination(("autoscaling-keda",)), "pnet", [[0.0], [in_flight]]) == replicas


def test_every_autoscaler_asks_for_its_own_network_and_differs_in_nothing_else():
    docs = combination(("autoscaling-keda",))

    def without(name: str) -> str:
        return json.dumps(named(docs, "ScaledObject", name)).replace(name, "NETWORK")

    assert len({without(name) for name in NETWORKS}) == 1
    for scaled in of_kind(docs, "ScaledObject"):
        assert scaled["spec"]["minReplicaCount"] >= 1
        assert scaled["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"
    hpa = combination(("autoscaling-hpa",))
    assert (
        len({json.dumps(one).replace(one["metadata"]["name"], "N") for one in of_kind(hpa, "HorizontalPodAutoscaler")})
        == 1
    )


def test_prometheus_understands_every_question(tmp_path):
    both = [
        *combination(("autoscaling-keda",)),
        *combination(("shared-model-server", "shared-model-server/autoscaling-keda")),
    ]
    with Prometheus(tmp_path, {}).running() as prometheus:
        eventually(lambda: prometheus.ask("vector(1)") == [1.0], "Prometheus")
        for scaled in of_kind(both, "ScaledObject"):
            for trigger in scaled["spec"]["triggers"]:
                assert prometheus.ask(trigger["metadata"]["query"]) == []
