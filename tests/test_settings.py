import subprocess
import sys
from dataclasses import fields

import pytest

from exporters.signatures import CONTRACTS
from orchestrator.settings import Settings, SettingsError, variable
from tests.support.paths import REPOSITORY


def test_no_variable_gives_the_defaults():
    assert Settings.from_environment({"FACEGRID_TIMEOUT_S": "", "PATH": "/bin"}) == Settings()


def test_variables_override():
    settings = Settings.from_environment({"FACEGRID_TIMEOUT_S": "2.5", "FACEGRID_STREAM_WINDOW": "3"})
    assert (settings.timeout_s, settings.stream_window) == (2.5, 3)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FACEGRID_TIMEOUT_S", "soon", "'soon', expected a number"),
        ("FACEGRID_TIMEOUT_S", "nan", "nan, expected a number from 0.001"),
        ("FACEGRID_TIMEOUT_S", "0", "0.0, expected"),
        ("FACEGRID_MAX_IMAGE_PX", "1e6", "'1e6', expected a whole number"),
        ("FACEGRID_MAX_IMAGE_SIDE_PX", "32767", "32767, expected a number from 12 to 32766"),
        ("FACEGRID_STREAM_WINDOW", "-1", "-1, expected a number from 1 to 1024"),
        ("FACEGRID_EMBEDDER_VERSION", "9", "9, expected one of 1"),
        ("FACEGRID_MODEL_SERVERS", "pnet=a:1,rnet=b:2", "expected HOST:PORT"),
        ("FACEGRID_MODEL_SERVERS", "a:1,b:2", "expected HOST:PORT"),
        ("FACEGRID_MODEL_SERVERS", "a:1|b", "expected HOST:PORT"),
        ("FACEGRID_MODEL_SERVERS", "a:1|", "expected HOST:PORT"),
        ("FACEGRID_MODEL_SERVERS", "dns:///a", "expected HOST:PORT"),
        ("FACEGRID_MODEL_SERVERS", "http://a:80", "expected HOST:PORT"),
    ],
)
def test_a_bad_value_is_refused_with_variable_value_and_what_is_expected(name, value, words):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    assert name in str(caught.value)
    assert words in str(caught.value)


def test_one_address_serves_every_model_or_each_has_its_own():
    assert Settings(model_servers="unix:/run/x").targets() == dict.fromkeys(CONTRACTS, frozenset(["unix:/run/x"]))
    own = {model: f"{model}.example:8500" for model in CONTRACTS}
    targets = Settings(model_servers=",".join(f"{k}={v}" for k, v in own.items())).targets()
    assert targets == {model: {address} for model, address in own.items()}


def test_a_model_has_several_servers_or_all_behind_a_name():
    assert Settings(model_servers="a:1|[::1]:2").targets() == dict.fromkeys(CONTRACTS, frozenset(["a:1", "[::1]:2"]))
    assert Settings(model_servers="dns:///tf:8500").targets()["rnet"] == {"dns:///tf:8500"}


def test_every_setting_is_documented_with_its_default_and_range():
    text = (REPOSITORY / "docs" / "configuration.md").read_text()
    for field in fields(Settings):
        default = f"`{field.default}`" if field.default != "" else ""
        assert f"| `{variable(field.name)}` | {default} |" in text
    for limit in ("12 to 32766", "0.001 to 86400", "`text`, `json`"):
        assert f"| {limit} |" in text


def test_the_page_of_settings_is_what_is_generated_from_them():
    command = [sys.executable, "scripts/generate_configuration.py", "--check"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_longest_time_limit_holds_for_a_request_that_sets_none():
    assert Settings(timeout_s=9, max_timeout_s=5).budget_s(0) == 5
