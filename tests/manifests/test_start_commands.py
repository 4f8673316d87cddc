"""The commands of the rendered Deployments, run here, serve their networks."""

import asyncio
import os
import shutil
import subprocess
import urllib.request

import pytest

from exporters.signatures import CONTRACTS
from orchestrator.app.contract_check import require_contract, required_versions
from orchestrator.fleet.management_client import ManagementClient
from orchestrator.fleet.model_server import ModelVersion, missing_models
from orchestrator.settings import Settings
from tests.manifests.rendered import NETWORKS, named, overlay
from tests.manifests.run_here import COPY_MODELS, ModelServer, grpc_probe
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(600)

START_TIMEOUT_S = 300  # on two cores that others use, too, the import of TensorFlow alone has taken a minute


async def served_versions(target: str) -> list[ModelVersion]:
    client = ManagementClient(target)
    try:
        return await client.versions(list(CONTRACTS), timeout_s=20)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("where", "deployment"), [*(("cpu", network) for network in NETWORKS), ("local", "model-server")]
)
def test_a_server_starts_is_probed_and_serves_its_networks(where, deployment, packed, tmp_path):
    docs = overlay(where)
    spec = named(docs, "Deployment", deployment)["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["startupProbe"]["grpc"] == container["readinessProbe"]["grpc"] == {"port": 8500}
    networks = [deployment] if deployment in CONTRACTS else list(CONTRACTS)
    with ModelServer(docs, deployment, packed, tmp_path).running() as server:
        eventually(lambda: grpc_probe(server.port), f"the probe of {deployment}: {server.log}", START_TIMEOUT_S)
        target = f"127.0.0.1:{server.port}"
        versions = asyncio.run(served_versions(target))
        assert {one.model for one in versions if one.state == "AVAILABLE"} == set(networks)
        assert missing_models(versions, networks) == []
        require_contract(target, required_versions(networks, Settings()), timeout_s=20)
        url = f"http://127.0.0.1:{server.rest_port}/monitoring/prometheus/metrics"
        with urllib.request.urlopen(url, timeout=20) as page:
            assert b"# TYPE" in page.read()


def test_a_damaged_copy_of_the_models_keeps_the_pod_from_starting(packed, tmp_path):
    damaged = shutil.copytree(packed, tmp_path / "damaged")
    file = damaged / "pnet" / "1" / "saved_model.pb"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    (tmp_path / "to").mkdir()
    result = subprocess.run(
        [str(COPY_MODELS), str(tmp_path / "to")],
        env={**os.environ, "MODELS_FROM": str(damaged)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert "pnet/1/saved_model.pb" in result.stdout + result.stderr
