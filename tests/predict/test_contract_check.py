import shutil
import socket

import pytest

from exporters.signatures import CONTRACTS
from orchestrator.app.contract_check import NoAnswer, require_contract, required_versions
from orchestrator.app.errors import StackError
from orchestrator.settings import Settings
from tests.model_server.helpers.process import ServerProcess

NEEDED = required_versions(CONTRACTS, Settings())


@pytest.fixture(scope="module")
def others(exported_models, tmp_path_factory):
    """HOST:PORT of a server that has onet under the name of rnet, and the embedder as another version."""
    folder = tmp_path_factory.mktemp("others")
    models = {name: exported_models / name for name in CONTRACTS} | {
        name: folder / name for name in ("rnet", "embedder")
    }
    shutil.copytree(exported_models / "onet", models["rnet"])
    shutil.copytree(exported_models / "embedder" / "1", models["embedder"] / "9")
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}\n'
        for name, path in models.items()
    )
    (folder / "models.config").write_text(f"model_config_list {{\n{entries}}}\n")
    with ServerProcess(folder, f"--model_config_file={folder / 'models.config'}") as process:
        yield f"127.0.0.1:{process.wait_until_ready().port}"


def test_the_exported_networks_keep_the_contract(exported_server):
    require_contract(f"127.0.0.1:{exported_server.port}", NEEDED, timeout_s=10)


def test_another_network_under_a_name_is_refused_with_both_shapes(others):
    with pytest.raises(StackError) as caught:
        require_contract(others, NEEDED, timeout_s=10)
    assert "rnet is of another release" in str(caught.value)
    assert "uint16 [?, 48, 48, 3]" in str(caught.value)
    assert "uint16 [?, 24, 24, 3]" in str(caught.value)


def test_an_embedder_without_the_version_that_is_asked_for_is_refused(others):
    served = {name: version for name, version in NEEDED.items() if name != "rnet"}
    with pytest.raises(StackError, match=r"no signatures of embedder: .*1") as caught:
        require_contract(others, served, timeout_s=10)
    assert not isinstance(caught.value, NoAnswer)


def test_a_server_that_is_held_up_may_be_asked_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer):  # connects, and says nothing
        require_contract(f"127.0.0.1:{silent.getsockname()[1]}", NEEDED, timeout_s=0.2)
    with pytest.raises(NoAnswer):
        require_contract(f"unix:{tmp_path / 'nobody.sock'}", NEEDED, timeout_s=5)
