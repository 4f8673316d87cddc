from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks.common.paths import EVALUATION_DATA_VARIABLE, evaluation_data
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from tests.model_server.helpers.process import ServerProcess
from tests.support import evaluation
from tests.support.exported import export, filled_once
from tests.support.paths import SAMPLES, SERVING_CONFIGS

# No test is about how fast an example is, and on a loaded machine every process stands still for a while.
settings.register_profile("loaded_machine", deadline=None)
settings.load_profile("loaded_machine")


def pytest_report_header():
    folder = evaluation_data()
    return f"evaluation data: {folder or f'none; {EVALUATION_DATA_VARIABLE} names its folder'}"


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.getreports("skipped")
    without = sum(evaluation.REASON in str(report.longrepr) for report in skipped)
    terminalreporter.write_line(f"tests skipped without the evaluation data: {without}")


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory) -> Path:
    """A models folder with version 1 of every network, for tests that do not change it."""
    return filled_once("models", export, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def both_embedders(exported_models, tmp_path_factory) -> Path:
    """A models folder with both versions of the embedder, for tests that do not change it."""

    def fill(folder):
        (folder / "embedder").mkdir()
        (folder / "embedder" / "1").symlink_to(exported_models / "embedder" / "1")
        export(folder, "embedder", "--network", "inception_v3")

    return filled_once("both_embedders", fill, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def exported_server(exported_models, tmp_path_factory):
    """A model server with every exported network and the shipped configuration, for tests that only ask."""
    folder = tmp_path_factory.mktemp("exported_server")
    shipped = read_model_config(SERVING_CONFIGS / "models.config")
    write_model_config(local_model_config(shipped, exported_models), folder / "models.config")
    with ServerProcess(folder, f"--model_config_file={folder / 'models.config'}") as process:
        yield process.wait_until_ready()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of committed pictures."""
    return SAMPLES
