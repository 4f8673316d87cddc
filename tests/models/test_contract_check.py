import shutil

import pytest

from exporters.signatures import CONTRACTS
from orchestrator.app.contract_check import require_contract
from orchestrator.app.errors import StackError
from tests.model_server.process import ServerProcess


def serve(folder, models):
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}\n'
        for name, path in models.items()
    )
    (folder / "models.config").write_text(f"model_config_list {{\n{entries}}}\n")
    return ServerProcess(folder, f"--model_config_file={folder / 'models.config'}")


def test_the_exported_networks_keep_the_contract(exported_models, tmp_path):
    with serve(tmp_path, {name: exported_models / name for name in CONTRACTS}) as process:
        process.wait_until_ready()
        require_contract(f"127.0.0.1:{process.port}", timeout_s=10)


def test_another_network_under_a_name_is_refused_with_both_shapes(exported_models, tmp_path):
    shutil.copytree(exported_models / "onet", tmp_path / "rnet")
    models = {name: exported_models / name for name in CONTRACTS} | {"rnet": tmp_path / "rnet"}
    with serve(tmp_path, models) as process:
        process.wait_until_ready()
        with pytest.raises(StackError) as caught:
            require_contract(f"127.0.0.1:{process.port}", timeout_s=10)
    assert "rnet is of another release" in str(caught.value)
    assert "uint16 [?, 48, 48, 3]" in str(caught.value)
    assert "uint16 [?, 24, 24, 3]" in str(caught.value)


def test_an_embedder_without_the_version_that_is_asked_for_is_refused(exported_models, tmp_path):
    shutil.copytree(exported_models / "embedder" / "1", tmp_path / "embedder" / "9")
    models = {name: exported_models / name for name in CONTRACTS} | {"embedder": tmp_path / "embedder"}
    with serve(tmp_path, models) as process:
        process.wait_until_ready()
        with pytest.raises(StackError, match=r"no signatures of embedder: .*1"):
            require_contract(f"127.0.0.1:{process.port}", timeout_s=10)
