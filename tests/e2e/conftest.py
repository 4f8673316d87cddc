import pytest

import facegrid
from exporters.signatures import CONTRACTS
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.settings import Settings
from tests.support.hosts import running_host


@pytest.fixture(scope="session")
def model_server(exported_server):
    """HOST:PORT of a model server with the exported networks."""
    return f"127.0.0.1:{exported_server.port}"


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
