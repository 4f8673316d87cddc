"""Where the metrics are served, as a file says."""

import pytest

from model_server.errors import ServingError
from model_server.files.monitoring_config import DEFAULT_PATH, configured_metrics_path
from model_server.flags import parse_flags

CONFIGS = {
    "prometheus_config { enable: true }": DEFAULT_PATH,
    'prometheus_config { enable: true, path: "/metrics" }': "/metrics",
    'prometheus_config { path: "/metrics" }': None,
    "prometheus_config { enable: false }": None,
    "": None,
}


def path_of(file, *flags) -> str | None:
    return configured_metrics_path(parse_flags([f"--monitoring_config_file={file}", "--rest_api_port=1", *flags]))


@pytest.mark.parametrize(("text", "path"), CONFIGS.items())
def test_the_path(tmp_path, text, path):
    (tmp_path / "monitoring.config").write_text(text)
    assert path_of(tmp_path / "monitoring.config") == path


def test_without_a_file_nothing_is_served():
    assert path_of("") is None


def test_without_a_rest_port_the_file_is_not_read():
    assert path_of("/nowhere", "--rest_api_port=0") is None


def test_a_file_that_is_wrong(tmp_path):
    file = tmp_path / "monitoring.config"
    with pytest.raises(ServingError, match=r"NOT_FOUND: .*monitoring\.config; No such file"):
        path_of(file)
    file.write_text("prometheus { }")
    with pytest.raises(ServingError, match=r"INVALID_ARGUMENT: Invalid protobuf file: '.*monitoring\.config'"):
        path_of(file)
