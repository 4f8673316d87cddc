"""Every overlay and every documented combination of components builds, and an API server would take it."""

import copy
import json

import pytest

from tests.manifests import crd_schema
from tests.manifests.rendered import COMBINATIONS, OVERLAYS, Doc, combination, everything, of_kind, overlay

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")

KUBERNETES = ("1.29", "1.33", "1.37")
OWN_KINDS = ("ray.io", "keda.sh", "monitoring.coreos.com", "gateway.networking.k8s.io", "cert-manager.io")


def is_custom(doc: Doc) -> bool:
    return doc["apiVersion"].split("/")[0] in OWN_KINDS


def unique(*, custom: bool) -> dict[str, Doc]:
    """Each different document of all builds, by its text."""
    return {
        json.dumps(doc, sort_keys=True): doc for _, docs in everything() for doc in docs if is_custom(doc) is custom
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_has_names_without_doubles_in_one_namespace(name):
    docs = overlay(name)
    keys = [(doc["kind"], doc["metadata"]["name"]) for doc in docs]
    assert len(keys) == len(set(keys))
    assert {doc["metadata"].get("namespace", "facegrid") for doc in docs} == {"facegrid"}


@pytest.mark.parametrize("components", COMBINATIONS, ids=lambda components: "+".join(components) or "base")
def test_a_combination_builds(components):
    kinds = {doc["kind"] for doc in combination(components)}
    assert {"Deployment", "Service", "RayService", "Namespace"} <= kinds


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_every_document(version):
    documents = unique(custom=False)
    assert len(documents) > 30
    for doc in documents.values():
        kubernetes_validate.validate(doc, version, strict=True)


def test_the_check_of_kubernetes_notices_a_misspelt_field():
    deployment = copy.deepcopy(of_kind(overlay("cpu"), "Deployment")[0])
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


def custom_kinds() -> list[tuple[str, str]]:
    return sorted({(doc["apiVersion"], doc["kind"]) for doc in unique(custom=True).values()})


@pytest.mark.parametrize(
    "kind",
    ["RayService", "ScaledObject", "PodMonitor", "PrometheusRule", "Gateway", "GRPCRoute", "Certificate"],
)
def test_the_definition_of_a_custom_resource_takes_it(kind):
    documents = [doc for doc in unique(custom=True).values() if doc["kind"] == kind]
    assert documents
    known = {one for _, one in crd_schema.definitions()}
    if kind not in known:
        pytest.skip(f"there is no definition of {kind} in {crd_schema.SCHEMAS}, nor in FACEGRID_CRDS")
    for doc in documents:
        assert crd_schema.problems(doc) == []


def test_no_kind_of_custom_resource_goes_unchecked():
    marks = test_the_definition_of_a_custom_resource_takes_it.pytestmark
    assert {kind for _, kind in custom_kinds()} == set(marks[0].args[1])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "rayClusterConfig", "enableInTreeAutoscalin"), True),
        (("spec", "rayClusterConfig", "headGroupSpec", "template", "spec", "containers", 0, "imagge"), "x"),
        (("spec", "rayClusterConfig", "headGroupSpec", "rayStartParams", "num-cpus"), 0),
        (("spec", "serveConfigV2"), {}),
        (("spec", "rayClusterConfig", "workerGroupSpecs", 0, "template"), None),
    ],
)
def test_the_check_of_definitions_notices_a_mistake(path, value):
    if not crd_schema.definitions():
        pytest.skip(f"there are no definitions in {crd_schema.SCHEMAS}")
    doc = copy.deepcopy(of_kind(overlay("cpu"), "RayService")[0])
    place = doc
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert crd_schema.problems(doc)
