"""The wheel, installed outside the repository: the client alone, and the whole service."""

import json
import re
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from orchestrator.app.ports import free_ports
from orchestrator.settings import Settings
from tests.packaging.environments import Environment, build_wheel
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.paths import REPOSITORY
from tests.support.pictures import png
from tests.support.plain_pnet import pnet


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def description(wheel):
    """What a package index shows."""
    with ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(metadata)).get_payload()


@pytest.fixture(scope="module")
def client(wheel, tmp_path_factory):
    """An environment with the wheel and what a client depends on."""
    environment = Environment.with_wheel(wheel, tmp_path_factory.mktemp("client"))
    environment.add_client_dependencies()
    (environment.work / "picture.jpg").write_bytes(png())
    return environment


def sure_pnet(tiles, signature):
    """As `pnet`, but every cell is a face."""
    found = pnet(tiles, signature)
    return {**found, "scores": np.ones_like(found["scores"])}


@pytest.fixture
def target():
    with running_host(Settings(), FunctionPredictor({"pnet": sure_pnet, "rnet": rnet, "onet": onet})) as address:
        yield address


def assert_is_that_of(environment: Environment):
    found = environment.run("-c", "import facegrid, orchestrator; print(facegrid.__file__, *orchestrator.__path__)")
    assert all(environment.site_packages in Path(path).parents for path in found.stdout.split()), found


def test_it_has_what_is_not_python(wheel):
    with ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    for folder, place in (("protos", "facegrid/protos"), ("serving_configs", "serving_configs")):
        for file in (REPOSITORY / folder).rglob("*.*"):
            if file.name != "kustomization.yaml":
                assert packed[f"{place}/{file.relative_to(REPOSITORY / folder)}"] == file.read_bytes()
    tops = {name.split("/")[0] for name in packed if ".dist-info/" not in name}
    assert tops == {"exporters", "facegrid", "model_server", "orchestrator", "serving_configs"}


def test_its_description_has_no_link_into_the_repository(description):
    assert "facegrid.connect" in description
    assert [link for link in re.findall(r"\]\(([^)]+)\)", description) if not link.startswith("https://")] == []


def test_the_protos_are_where_its_description_says_and_compile(client, description, tmp_path):
    (code,) = re.findall(r'python -c "(.*)"', description)
    protos = Path(client.run("-c", code).stdout.strip())
    assert client.site_packages in protos.parents
    services = [str(path) for path in (protos / "facegrid" / "v1").glob("*_service.proto")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", f"--descriptor_set_out={tmp_path / 'set'}"]
    subprocess.run([*command, *services], check=True, timeout=60)


def test_a_client_detects_without_tensorflow_and_ray(client, target):
    assert_is_that_of(client)
    for name in ("tensorflow", "ray", "cv2"):
        assert "ModuleNotFoundError" in client.run("-c", f"import {name}").stderr
    found = client.run("facegrid", "detect", "picture.jpg", "--json", FACEGRID_TARGET=target)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["faces"]


def test_the_python_of_its_description_finds_faces(client, target, description):
    (code,) = re.findall(r"```python\n(.*?)```", description, re.DOTALL)
    found = client.run("-c", code.replace("127.0.0.1:9000", target))
    assert found.returncode == 0, found.stderr
    assert "Box" in found.stdout


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_service_starts_and_detects(wheel, tmp_path, samples):
    environment = Environment.with_wheel(wheel, tmp_path)
    environment.borrow_all_dependencies()
    assert_is_that_of(environment)
    (port,) = free_ports(1)
    folder = tmp_path / "state"
    exported = environment.run("facegrid", "export")
    assert exported.returncode == 0, exported.stderr
    try:
        started = environment.run("facegrid", "up", "--port", port, "--state-dir", folder, "--timeout-s", "170")
        assert started.returncode == 0, started.stderr
        variables = {"FACEGRID_TARGET": f"127.0.0.1:{port}"}
        found = environment.run("facegrid", "detect", samples / "obama.jpg", "--json", **variables)
        assert found.returncode == 0, found.stderr
        assert len(json.loads(found.stdout)["faces"]) == 1
    finally:
        stopped = environment.run("facegrid", "down", "--state-dir", folder)
    assert stopped.returncode == 0, stopped.stderr
