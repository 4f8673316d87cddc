"""The repository's own model configuration is what is served, from another folder."""

from pathlib import Path

import pytest

from exporters.signatures import CONTRACTS
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app.options import SERVING_CONFIG
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.model_config import local_model_config, model_names, read_model_config, write_model_config


def config_of(*base_paths: str) -> ModelServerConfig:
    config = ModelServerConfig()
    for base_path in base_paths:
        config.model_config_list.config.add(name="m", base_path=base_path)
    return config


@pytest.mark.parametrize(
    ("base_path", "local"),
    [
        ("/models/pnet", "/home/me/models/pnet"),
        ("/models/a/b", "/home/me/models/a/b"),
        ("/models", "/home/me/models"),
        ("/models2/pnet", "/models2/pnet"),
        ("s3://bucket/models/pnet", "s3://bucket/models/pnet"),
    ],
)
def test_only_paths_below_models_are_moved(base_path: str, local: str) -> None:
    config = config_of(base_path)
    moved = local_model_config(config, Path("/home/me/models"))
    assert [one.base_path for one in moved.model_config_list.config] == [local]
    assert config == config_of(base_path)  # the argument is left as it was


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    moved = local_model_config(config_of("/models/pnet"), Path("mine"))
    assert moved.model_config_list.config[0].base_path == str(tmp_path / "mine" / "pnet")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    config = config_of('/with space/"quotes"/ümlaut')
    write_model_config(config, tmp_path / "models.config")
    assert read_model_config(tmp_path / "models.config") == config


def test_the_repositorys_file_names_every_model() -> None:
    assert set(model_names(read_model_config(SERVING_CONFIG))) == set(CONTRACTS)


def test_everything_but_the_paths_of_the_repositorys_file_is_kept(tmp_path: Path) -> None:
    config = read_model_config(SERVING_CONFIG)
    moved = local_model_config(config, tmp_path)
    for one in (*config.model_config_list.config, *moved.model_config_list.config):
        one.base_path = ""
    assert moved == config


def test_a_file_that_is_missing_or_wrong_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="cannot read"):
        read_model_config(tmp_path / "absent")
    (tmp_path / "wrong").write_text("model_config_list { config { nam: 'pnet' } }")
    with pytest.raises(FleetError, match=r"not a ModelServerConfig.*nam"):
        read_model_config(tmp_path / "wrong")
