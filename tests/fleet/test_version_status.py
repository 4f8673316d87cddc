"""A server has taken up a config when it has every version, or when one is not coming."""

import pytest

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.model_server import ModelVersion
from orchestrator.fleet.version_status import available_versions, is_settled, with_labels, without_labels


@pytest.fixture
def config() -> ModelServerConfig:
    config = ModelServerConfig()
    one = config.model_config_list.config.add(name="pnet")
    one.model_version_policy.specific.versions.extend([1, 2])
    one.version_labels.update({"stable": 1, "canary": 2})
    config.model_config_list.config.add(name="embedder").model_version_policy.all.SetInParent()
    return config


@pytest.mark.parametrize(
    ("state", "at_once", "later"),
    [
        ("AVAILABLE", True, True),
        ("LOADING", False, False),
        ("START", False, False),
        ("END", False, True),
        (None, False, True),
    ],
)
def test_a_version_that_ended_or_is_absent_may_still_come(
    config: ModelServerConfig, state: str | None, at_once: bool, later: bool
) -> None:
    versions = [ModelVersion("pnet", 1, "AVAILABLE", "")]
    versions += [ModelVersion("pnet", 2, state, "")] if state else []
    assert is_settled(config, versions, may_come=True) == at_once
    assert is_settled(config, versions, may_come=False) == later


def test_a_label_waits_for_its_version(config: ModelServerConfig) -> None:
    labels = with_labels(config, {"pnet": [1]}).model_config_list.config[0].version_labels
    assert dict(labels) == {"stable": 1}
    assert with_labels(config, {"pnet": [2, 1]}) == config
    assert not without_labels(config).model_config_list.config[0].version_labels
    assert len(config.model_config_list.config[0].version_labels) == 2  # the argument is left as it was


def test_what_can_be_asked_is_what_is_available() -> None:
    versions = [ModelVersion("pnet", 2, "LOADING", ""), ModelVersion("pnet", 1, "AVAILABLE", "")]
    assert available_versions(versions) == {"pnet": [1]}
