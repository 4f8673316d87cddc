import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_server.helpers.process import UPSTREAM, ServerProcess
from tests.support.paths import REPOSITORY


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory) -> Path:
    """A folder of small models, see helpers/models/make_saved_models.py."""
    root = tmp_path_factory.mktemp("saved_models")
    subprocess.run(
        [sys.executable, "-m", "tests.model_server.helpers.models.make_saved_models", str(root)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    return root


@pytest.fixture(scope="session")
def write_config(tmp_path_factory):
    """Writes a ModelServerConfig of (name, base path, further lines) and returns its path."""

    def write(*models: tuple[str, Path, str]) -> str:
        entries = "".join(
            f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}\n'
            for name, path, more in models
        )
        file = tmp_path_factory.mktemp("config") / "models.config"
        file.write_text(f"model_config_list {{\n{entries}}}\n")
        return str(file)

    return write


@pytest.fixture(scope="session")
def server(saved_models, write_config, tmp_path_factory):
    """One server with every small model and default flags, for tests that change nothing."""
    names = (
        "half_plus_two",
        "two_inputs",
        "matmul",
        "conv",
        "echo",
        "slow",
        "examples",
        "odd_examples",
        "examples_tf2",
        "words",
        "rows",
    )
    config = write_config(
        *((name, saved_models / name, "") for name in names),
        (
            "labelled",
            saved_models / "half_plus_two",
            'version_labels { key: "stable" value: 123 } version_labels { key: "gone" value: 7 }',
        ),
    )
    folder = tmp_path_factory.mktemp("server")
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    flags = (
        f"--model_config_file={config}",
        "--allow_version_labels_for_unavailable_models",
        "--enable_grpc_healthcheck_service",
        f"--monitoring_config_file={folder}/monitoring.config",
    )
    with ServerProcess(folder, *flags, with_rest=True) as running:
        yield running.wait_until_ready()


@pytest.fixture(scope="session")
def embedded_only():
    """For what tensorflow_model_server does not have."""
    if UPSTREAM:
        pytest.skip("tensorflow_model_server does not have this")
