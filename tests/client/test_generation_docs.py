"""What docs/generate.md shows can be typed."""

import re
import shlex
from pathlib import Path

import pytest

from facegrid.cli.main import main
from facegrid.client import sync as client
from tests.support.generation_host import generation_host

PAGE = (Path(__file__).parents[2] / "docs" / "generate.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def target():
    with generation_host() as address:
        yield address


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_draws(target, monkeypatch, tmp_path, capsys, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACEGRID_TARGET", target)
    program, *arguments = shlex.split(command)
    assert program == "facegrid"
    assert main(arguments) == 0
    assert capsys.readouterr().out
    (picture,) = tmp_path.iterdir()
    assert picture.stat().st_size > 100


@pytest.mark.parametrize("code", SNIPPETS)
def test_a_snippet_of_the_page_runs(target, monkeypatch, capsys, code):
    monkeypatch.setattr(client.connect, "__defaults__", (target,))
    exec(compile(code, "docs/generate.md", "exec"), {"__name__": "snippet"})
    assert "(100, 28, 28) uint8" in capsys.readouterr().out


def test_the_page_names_every_method_of_generation():
    for name in ("generate", "generate_each", "discriminate", "discriminate_detailed"):
        assert hasattr(client.Client, name)
        assert f"`{name}`" in PAGE
