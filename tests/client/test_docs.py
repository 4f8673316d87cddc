import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facegrid.answers.faces import DetectOptions
from facegrid.answers.gallery import EnrollOptions
from facegrid.answers.people import IdentifyOptions, VerifyOptions
from facegrid.client import aio as async_client
from facegrid.client import calls
from facegrid.client import sync as client

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_of_the_page_runs(server, monkeypatch, tmp_path, number, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calls, "TIMEOUT_GRACE_S", 60.0)  # the page's own limits are of a machine that is not busy
    photo = Image.fromarray(np.random.default_rng(5).integers(0, 256, (60, 80, 3), np.uint8))
    photo.save("photo.jpg")
    photo.save("selfie.jpg")
    Path("holiday").mkdir()
    photo.save("holiday/1.jpg")
    for module in (client, async_client):
        connect = "connect" if module is client else "connect_async"
        monkeypatch.setattr(getattr(module, connect), "__defaults__", (server.target,))
    code = SNIPPETS[number].replace("127.0.0.1:9000", server.target)
    exec(compile(code, f"docs/client.md, snippet {number + 1}", "exec"), {"__name__": "snippet"})
    assert capsys.readouterr().out or Path("faces.jpg").exists()


def test_the_page_names_every_option():
    for options in (DetectOptions, EnrollOptions, VerifyOptions, IdentifyOptions):
        for name in options.__annotations__:
            assert f"`{name}`" in PAGE


def test_the_page_names_every_method():
    methods = [name for name in vars(client.Client) if not name.startswith("_")]
    assert len(methods) > 10
    for name in methods:
        assert re.search(rf"\b{name}\b", PAGE), name
