import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from tests.model_server.helpers.process import ServerProcess

REPOSITORY = Path(__file__).resolve().parents[1]

# No test is about how fast an example is, and on a loaded machine every process stands still for a while.
settings.register_profile("loaded_machine", deadline=None)
settings.load_profile("loaded_machine")


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory) -> Path:
    """A models folder with version 1 of every network; exported once, in a process of its own."""
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "-m", "facegrid.cli.main", "export", "--models-dir", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=280)
    return folder


@pytest.fixture(scope="session")
def both_embedders(exported_models, tmp_path_factory) -> Path:
    """A models folder with both versions of the embedder."""
    folder = tmp_path_factory.mktemp("both_embedders")
    (folder / "embedder").mkdir()
    (folder / "embedder" / "1").symlink_to(exported_models / "embedder" / "1")
    command = [sys.executable, "-m", "facegrid.cli.main", "export", "embedder", "--network", "inception_v3"]
    subprocess.run(
        [*command, "--models-dir", str(folder)], cwd=REPOSITORY, check=True, capture_output=True, timeout=280
    )
    return folder


@pytest.fixture(scope="session")
def exported_server(exported_models, tmp_path_factory):
    """A model server with every exported network and the shipped configuration, for tests that only ask."""
    folder = tmp_path_factory.mktemp("exported_server")
    shipped = read_model_config(REPOSITORY / "serving_configs" / "models.config")
    write_model_config(local_model_config(shipped, exported_models), folder / "models.config")
    with ServerProcess(folder, f"--model_config_file={folder / 'models.config'}") as process:
        yield process.wait_until_ready()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of committed pictures."""
    return REPOSITORY / "samples"
