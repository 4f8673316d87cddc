"""The command line, as far as it goes without starting anything."""

from pathlib import Path

import pytest

from facegrid.cli.main import main
from tests.cli.parsing import parse


def test_up_has_the_defaults_of_the_documentation() -> None:
    given = parse(["up"])
    assert (given["port"], given["models_dir"], given["ingress"]) == (9000, Path("models"), None)
    assert (given["orchestrators"], given["replicas"], given["autoscale"]) == ("1", "", None)


@pytest.mark.parametrize("command", ["up", "down", "status", "rollout", "promote", "rollback"])
def test_help_gives_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"facegrid {command}" in capsys.readouterr().out.split("Examples:")[1]


def test_an_unknown_ingress_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--ingress", "nginx"]) == 2
    assert "nginx" in capsys.readouterr().err


def test_status_of_nothing_is_not_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state-dir", str(tmp_path)]) == 3
    assert capsys.readouterr().out == "not running\n"
    assert main(["status", "--json", "--state-dir", str(tmp_path)]) == 3
    assert capsys.readouterr().out == '{"running": false, "serving": false}\n'


def test_down_of_nothing_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--state-dir", str(tmp_path / "absent")]) == 0
    assert "nothing was running" in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()


def test_up_says_what_is_wrong_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state_dir = tmp_path / "state"
    assert main(["up", "--models-dir", str(tmp_path / "absent"), "--state-dir", str(state_dir)]) == 1
    said = capsys.readouterr().err
    assert "no version of" in said
    assert "What to do: run: facegrid export" in said
    assert main(["status", "--state-dir", str(state_dir)]) == 3


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0.1", 0.1), ("0", 0.0), ("100%", 1.0), ("1", 1.0)])
def test_a_share_is_a_fraction_or_in_percent(text: str, share: float) -> None:
    assert parse(["rollout", "pnet", "--version", "2", "--canary", text])["canary"] == pytest.approx(share)


@pytest.mark.parametrize("text", ["101%", "-1%", "10", "ten", "nan"])
def test_what_is_no_share_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollout", "pnet", "--version", "2", f"--canary={text}"]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("command", [["rollout", "pnet"], ["promote", "pnet"], ["rollback", "pnet"]])
def test_versions_of_nothing_cannot_change(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--state-dir", str(tmp_path)]) == 1
    assert "facegrid up" in capsys.readouterr().err


def test_a_size_that_is_none_is_told_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--orchestrators", "3-1", "--state-dir", str(tmp_path)]) == 1
    assert "3-1 processes" in capsys.readouterr().err
