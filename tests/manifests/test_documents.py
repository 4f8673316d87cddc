"""The commands and files of the pages on Kubernetes work as written."""

import os
import re
import shlex
import subprocess

import pytest
import yaml

from tests.manifests.rendered import K8S, OVERLAYS, kubectl, kustomize, of_kind, pods
from tests.support.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "kubernetes.md"
READMES = sorted((K8S / "components").glob("*/README.md"))
COMPONENTS = sorted(folder.name for folder in (K8S / "components").iterdir())
TEXT = "\n".join(page.read_text() for page in (PAGE, K8S / "README.md", *READMES))
YAML = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_every_component_and_overlay_is_described():
    table = (K8S / "README.md").read_text()
    for component in COMPONENTS:
        assert (K8S / "components" / component / "README.md").exists(), component
        assert f"](components/{component}/README.md)" in table, component
    for overlay in OVERLAYS:
        assert f"`overlays/{overlay}`" in table, overlay


def test_every_folder_and_file_named_exists():
    named = set(re.findall(r"\bk8s/[\w/.-]+[\w/]", TEXT))
    assert named
    for path in named:
        assert (REPOSITORY / path).exists(), path


def build(text: str, tmp_path) -> list:
    kustomization = yaml.safe_load(text)
    up = os.path.relpath(K8S / "overlays", tmp_path.resolve())
    kustomization["resources"] = [one.replace("..", up, 1) for one in kustomization["resources"]]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return kustomize(tmp_path)


def test_an_overlay_of_ones_own_replaces_our_images(tmp_path):
    docs = build(YAML[0], tmp_path)
    images = {container["image"] for pod in pods(docs) for container in pod.every_container}
    own = {image for image in images if "serving" not in image}
    assert {image.split("/")[0] for image in own} == {"registry.example.com"}


def test_networks_may_come_from_a_volume(tmp_path):
    for deployment in of_kind(build(YAML[1], tmp_path), "Deployment"):
        spec = deployment["spec"]["template"]["spec"]
        assert "initContainers" not in spec
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert volumes["models"]["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}


@pytest.mark.parametrize(
    "command", re.findall(r"^(?:    )?kubectl -n facegrid create secret (?:.*\\\n)*.*$", TEXT, re.MULTILINE)
)
def test_the_secrets_of_the_pages_are_those_that_the_manifests_name(command, tmp_path):
    (tmp_path / "keys.json").write_text('{"keys": []}')  # what `facegrid keys new` writes
    words = shlex.split(command.replace("\\\n", " ").replace("$(openssl rand -hex 32)", "0123"))
    command = [kubectl(), *words[1:], "--dry-run=client", "-o", "yaml"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    secret = yaml.safe_load(made.stdout)
    asked = [*(K8S / "components").glob("*/*.yaml"), K8S / "base" / "orchestrator" / "rayservice.yaml"]
    assert any(f"ame: {secret['metadata']['name']}" in file.read_text() for file in asked)  # name or secretName
    assert all(re.fullmatch(r"[A-Za-z_.]+", key) for key in secret["data"])
