"""The Compose file is one that Compose takes, and its command one that facegrid takes."""

import shutil
import subprocess

import pytest
import yaml

from tests.cli.parsing import parse
from tests.support.paths import REPOSITORY

FILE = REPOSITORY / "deploy" / "compose" / "compose.yaml"


def test_facegrid_understands_its_command():
    service = yaml.safe_load(FILE.read_text())["services"]["facegrid"]
    assert {"--foreground", "0.0.0.0"} <= set(service["command"])
    parse([str(word) for word in service["command"]])
    parse(service["healthcheck"]["test"][2:])
    assert (FILE.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no Compose: apt-get install docker-compose")
def test_compose_takes_it():
    command = ["docker-compose", "-f", FILE, "config"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    service = yaml.safe_load(result.stdout)["services"]["facegrid"]
    assert service["restart"] == "unless-stopped"
    assert any("9000" in str(port) and "127.0.0.1" in str(port) for port in service["ports"])
