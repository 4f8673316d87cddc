"""Names, versions, ports and sizes that stand in several places are the same everywhere."""

import re
import tomllib

import pytest
from google.protobuf import text_format

from exporters.signatures import CONTRACTS
from facegrid.tfserving.v1.batching_parameters_pb2 import BatchingParameters
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from facegrid.tfserving.v1.monitoring_config_pb2 import MonitoringConfig
from orchestrator.api.methods import SERVICE_NAMES
from orchestrator.app.ingress import ingress_environment
from orchestrator.settings import Settings, variable
from tests.manifests.rendered import (
    K8S,
    NETWORKS,
    REPOSITORY,
    Image,
    combination,
    config_map,
    everything,
    megabytes,
    named,
    of_kind,
    overlay,
    pods,
)  # fmt: skip

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = dict(re.findall(r"^([\w-]+)==([\w.]+)", (REPOSITORY / "requirements.lock").read_text(), re.MULTILINE))
CONFIGS = REPOSITORY / "serving_configs"


def images() -> dict[str, set[Image]]:
    """Every image of every build, by name."""
    found: dict[str, set[Image]] = {}
    for _, docs in everything():
        for pod in pods(docs):
            for container in pod.every_container:
                image = Image.of(container["image"])
                found.setdefault(image.name, set()).add(image)
    return found


def test_every_network_has_a_server_a_name_and_a_budget():
    docs = overlay("cpu")
    servers = {doc["metadata"]["name"] for doc in of_kind(docs, "Deployment")}
    assert servers == set(CONTRACTS), "one folder in k8s/base for each network of exporters/signatures.py"
    for kind in ("Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
        assert servers <= {doc["metadata"]["name"] for doc in of_kind(docs, kind)}, kind
    keda = combination(("autoscaling-keda",))
    assert {doc["metadata"]["name"] for doc in of_kind(keda, "ScaledObject")} == servers


def test_the_files_of_single_networks_are_cut_from_the_file_of_all():
    def models(path) -> dict[str, ModelServerConfig]:
        config = text_format.Parse(path.read_text(), ModelServerConfig())
        return {one.name: one for one in config.model_config_list.config}

    every = models(CONFIGS / "models.config")
    assert every.keys() == CONTRACTS.keys()
    assert {file.stem for file in (CONFIGS / "networks").iterdir()} == every.keys()
    for name, model in every.items():
        assert models(CONFIGS / "networks" / f"{name}.config") == {name: model}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("batching.config", BatchingParameters),
        ("batching_gpu.config", BatchingParameters),
        ("monitoring.config", MonitoringConfig),
    ],
)
def test_the_other_files_are_readable(file, message):
    text_format.Parse((CONFIGS / file).read_text(), message())


def test_the_batches_of_a_gpu_end_with_the_largest():
    gpu, cpu = (
        text_format.Parse((CONFIGS / file).read_text(), BatchingParameters())
        for file in ("batching_gpu.config", "batching.config")
    )
    assert gpu.allowed_batch_sizes[-1] == gpu.max_batch_size.value == cpu.max_batch_size.value


def test_every_server_is_given_files_that_are_there_and_its_own_network():
    for where, docs in everything():
        files = config_map(docs, "model-server")
        for deployment in of_kind(docs, "Deployment"):
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            given = dict(re.findall(r"--(\w+_file)=/etc/model-server/(\S+)", " ".join(container["args"])))
            assert set(given.values()) <= files.keys(), where
            served = text_format.Parse(files[given["model_config_file"]], ModelServerConfig())
            names = {one.name for one in served.model_config_list.config}
            own = deployment["metadata"]["labels"].get("facegrid/network")
            assert names == ({own} if own else set(CONTRACTS)), where


def test_the_orchestrator_asks_for_every_network_where_its_servers_are():
    for where, docs in everything():
        settings = Settings.from_environment(config_map(docs, "orchestrator"))
        targets = dict(pair.split("=") for pair in settings.model_servers.split(","))
        assert targets == {network: f"dns:///{network}:8500" for network in CONTRACTS}, where
        for network in CONTRACTS:
            service = named(docs, "Service", network)["spec"]
            assert service["clusterIP"] == "None"
            servers = [pod for pod in pods(docs) if service["selector"].items() <= pod.labels.items()]
            assert len(servers) == 1, f"{where}: {network} leads to {[pod.owner for pod in servers]}"
            (container,) = servers[0].containers
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            (port,) = service["ports"]
            assert (port["port"], ports[port["targetPort"]]) == (8500, 8500)
            assert {"--port=8500", "--rest_api_port=8501"} <= set(container["args"])
            assert ports == {"grpc": 8500, "rest": 8501}


def test_every_variable_of_the_manifests_is_a_setting():
    known = {variable(name) for name in Settings.__dataclass_fields__}
    for where, docs in everything():
        assert config_map(docs, "orchestrator").keys() <= known, where


def test_versions_agree_with_the_project_and_its_lock():
    version = PROJECT["project"]["version"]
    tags = {name: {image.tag for image in every} for name, every in images().items()}
    own = {name: found for name, found in tags.items() if name.startswith("facegrid-")}
    assert own == {"facegrid-models": {version}, "facegrid-orchestrator": {version}}
    for _, docs in everything():
        (service,) = of_kind(docs, "RayService")
        assert service["spec"]["rayClusterConfig"]["rayVersion"] == LOCK["ray"]
    serving = {tag.removesuffix("-gpu") for name, found in tags.items() if "serving" in name for tag in found}
    assert len(serving) == 1
    for file in (K8S / "images").glob("*.Dockerfile"):
        assert f"-t facegrid-{file.stem}:{version}" in file.read_text()


def test_no_image_is_floating():
    for every in images().values():
        for image in every:
            assert re.fullmatch(r"\d+\.\d+\.\d+(-gpu)?", image.tag), image
            assert image.digest or "valkey" not in image.name, image  # a tag may come to mean something else


def test_an_air_gapped_cluster_pulls_from_one_registry_alone():
    docs = combination(("redis-ft", "air-gapped"))  # which changes what was chosen before it
    hosts = {container["image"].split("/")[0] for pod in pods(docs) for container in pod.every_container}
    assert hosts == {"registry.example.com"}
    assert all(doc["imagePullSecrets"] == [{"name": "registry"}] for doc in of_kind(docs, "ServiceAccount"))


def test_the_ingress_is_set_up_as_on_one_machine(tmp_path):
    of_a_port_or_path = re.compile(r"_(PORT|LOC|PATH|BASE|FILE)$")
    own = {
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S",
        "RAY_SERVE_LOG_TO_STDERR",
    }  # no caller to drain for
    local = {
        name: value
        for name, value in ingress_environment("haproxy", tmp_path).items()
        if not of_a_port_or_path.search(name) and name not in own
    }
    for where, docs in everything():
        for pod in pods(docs):
            if pod.owner.startswith("RayService"):
                env = {one["name"]: one["value"] for one in pod.containers[0]["env"]}
                assert local.items() <= env.items(), f"{where}: {pod.owner}"


def test_what_the_gateway_lets_in_is_the_service_and_its_health():
    (route,) = of_kind(overlay("production"), "GRPCRoute")
    matches = [match["method"] for rule in route["spec"]["rules"] for match in rule["matches"]]
    assert {one["service"] for one in matches} == {*SERVICE_NAMES, "grpc.health.v1.Health"}
    assert all(one.keys() == {"type", "service"} for one in matches)


def test_a_worker_has_memory_for_the_largest_pictures_it_takes():
    replica_mb, ray_mb, bytes_per_pixel = 400, 500, 12  # orchestrator/app/checks.py
    for where, docs in everything():
        settings = Settings.from_environment(config_map(docs, "orchestrator"))
        pictures_mb = settings.max_images_at_once * settings.max_image_px * bytes_per_pixel / 2**20
        (service,) = of_kind(docs, "RayService")
        (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        replicas = int(group["rayStartParams"]["num-cpus"])
        (container,) = group["template"]["spec"]["containers"]
        limit_mb = megabytes(container["resources"]["limits"]["memory"])
        assert replicas * (replica_mb + pictures_mb) + ray_mb <= limit_mb, where


def test_the_local_overlay_fits_into_4_gb():
    docs = overlay("local")
    limits = [
        megabytes(container["resources"]["limits"]["memory"]) for pod in pods(docs) for container in pod.containers
    ]
    assert sum(limits) < 4096
    (service,) = of_kind(docs, "RayService")
    (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    assert group["minReplicas"] == group["maxReplicas"] == group["replicas"] == 1


def test_a_servers_threads_are_its_limit():
    for where, docs in everything():
        for deployment in of_kind(docs, "Deployment"):
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            cores = container["resources"]["limits"]["cpu"]
            for kind in ("intra", "inter"):
                assert f"--tensorflow_{kind}_op_parallelism={cores}" in container["args"], where


def test_a_server_outlives_the_connections_of_its_clients():
    (pnet,) = [pod for pod in pods(overlay("cpu")) if pod.owner == "Deployment pnet"]
    (container,) = pnet.containers
    age_ms, grace_ms = (
        int(re.search(rf"grpc.max_connection_age{suffix}_ms=(\d+)", " ".join(container["args"]))[1])
        for suffix in ("", "_grace")
    )
    jitter = 1.1
    assert age_ms * jitter + grace_ms < 1000 * pnet.spec["terminationGracePeriodSeconds"]
    probe = container["startupProbe"]
    retries = int(re.search(r"--max_num_load_retries=(\d+)", " ".join(container["args"]))[1])
    pause_s = int(re.search(r"--load_retry_interval_micros=(\d+)", " ".join(container["args"]))[1]) / 1e6
    assert probe["periodSeconds"] * probe["failureThreshold"] > 60 + retries * pause_s


def test_no_manifest_sets_the_number_of_replicas_of_what_is_scaled():
    for where, docs in everything():
        for deployment in of_kind(docs, "Deployment"):
            assert "replicas" not in deployment["spec"], where
        scaled = [
            doc["spec"]["scaleTargetRef"]["name"] for doc in of_kind(docs, "HorizontalPodAutoscaler", "ScaledObject")
        ]
        assert len(scaled) == len(set(scaled)), f"{where}: two autoscalers for one server"
        assert set(scaled) <= {doc["metadata"]["name"] for doc in of_kind(docs, "Deployment")}, where


def test_every_network_in_the_manifests_is_one_of_the_contract():
    assert set(NETWORKS) == {
        doc["metadata"]["labels"]["facegrid/network"] for doc in of_kind(overlay("cpu"), "Deployment")
    }
