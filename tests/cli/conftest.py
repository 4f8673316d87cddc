import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from facegrid.cli.main import main
from tests.client.face_server import FaceServer


@pytest.fixture
def server(monkeypatch):
    with FaceServer() as running:
        monkeypatch.setenv("FACEGRID_TARGET", running.target)
        yield running


@pytest.fixture
def folder(tmp_path):
    """Pictures a.png, b.jpg, deep/a.png, and files that are none of ours."""
    root = tmp_path / "pictures"
    (root / "deep").mkdir(parents=True)
    (root / ".hidden").mkdir()
    rng = np.random.default_rng(3)
    for name in ("b.jpg", "a.png", "deep/a.png", ".hidden/c.png", "._a.png"):
        Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8)).save(root / name)
    (root / "notes.txt").write_text("no picture")
    return root


class Output:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def facegrid(capsys):
    """Runs a command line in this process."""

    def run(*argv: object) -> Output:
        code = main([str(part) for part in argv])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Output(code, captured.out, captured.err)

    return run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(facegrid, monkeypatch):
    """Runs a command line with standard error as a terminal; returns the result and what was shown."""

    def run(*argv: object) -> tuple[Output, str]:
        screen = Terminal()
        with monkeypatch.context() as patch:  # here, because capsys puts its own file back before the test's call
            patch.setenv("TERM", "xterm-256color")
            patch.setattr(sys, "stderr", screen)
            return facegrid(*argv), screen.getvalue()

    return run
