import pytest

import facegrid
from exporters.signatures import CONTRACTS
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.models.balanced import BalancedPredictor
from orchestrator.models.endpoints import StaticEndpoints
from orchestrator.settings import Settings
from tests.hosts import running_host
from tests.model_server.process import REPOSITORY, ServerProcess


@pytest.fixture(scope="session")
def model_server(exported_models, tmp_path_factory):
    """HOST:PORT of a model server with the exported networks."""
    folder = tmp_path_factory.mktemp("server")
    shipped = read_model_config(REPOSITORY / "serving_configs" / "models.config")
    write_model_config(local_model_config(shipped, exported_models), folder / "models.config")
    with ServerProcess(folder, f"--model_config_file={folder / 'models.config'}") as process:
        process.wait_until_ready()
        yield f"127.0.0.1:{process.port}"


@pytest.fixture(scope="session")
def gallery_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("people") / "gallery"


@pytest.fixture(scope="session")
def target(model_server, gallery_folder):
    """HOST:PORT of the service without Ray: plain host, model server, exported networks."""
    predictor = BalancedPredictor(StaticEndpoints(dict.fromkeys(CONTRACTS, (model_server,))))
    with running_host(Settings(gallery=str(gallery_folder)), predictor) as address:
        yield address


@pytest.fixture(scope="session")
def client(target):
    with facegrid.connect(target) as connected:
        yield connected
